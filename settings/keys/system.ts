import { optional, secret, withDefault } from "../key";
import {
  absolutePath,
  authorizedKey,
  listOf,
  loginName,
  packageName,
  password,
  text,
  url,
} from "../value";
import { yumRepository } from "../yumRepository";

/** What is installed on the host, where from, and the user that the site belongs to. */
export const systemKeys = {
  extraPackages: withDefault(listOf(packageName, "package names"), [], {
    component: "SystemPackages",
    argument: "extraPackages",
    meaning: "Packages beside those that the site needs.",
    example: "tmux",
  }),
  moduleStreams: withDefault(
    listOf(
      text("`MODULE:STREAM`", /^[A-Za-z0-9][A-Za-z0-9._+-]*:[A-Za-z0-9][A-Za-z0-9._+-]*$/),
      "module streams",
    ),
    [],
    {
      component: "SystemPackages",
      argument: "moduleStreams",
      meaning:
        "Module streams that dnf enables first, and that must exist; skipped where yum has no modules.",
      example: "postgresql:15",
    },
  ),
  yumRepositories: withDefault(listOf(yumRepository, "repositories"), [], {
    component: "SystemPackages",
    argument: "yumRepositories",
    meaning:
      "Repositories beside the host's own, such as nginx.org, EPEL or a vault mirror; the fields are those of a `.repo` file, in camel case.",
    example: "{id: nginx-stable, baseurl: https://nginx.org/packages/centos/7/$basearch/}",
    mend: "edit tracks:yumRepositories in the stack's file, Pulumi.STACK.yaml",
  }),
  yumProxy: optional(url, {
    component: "SystemPackages",
    argument: "yumProxy",
    meaning: "Proxy of all repositories.",
    example: "http://proxy.stowers.org:3128",
  }),
  pipIndexUrl: optional(url, {
    component: "SystemPackages",
    argument: "pip.indexUrl",
    meaning: "Where pip finds packages.",
    example: "https://mirror.example.org/simple",
    fallbackText: "pip's own",
  }),
  pipProxy: optional(url, {
    component: "SystemPackages",
    argument: "pip.proxy",
    meaning: "Proxy of pip.",
    example: "http://proxy.stowers.org:3128",
  }),
  pipTrustedHost: optional(
    text("a host name, with `:PORT` if any", /^[A-Za-z0-9.-]+(?::\d{1,5})?$/),
    {
      component: "SystemPackages",
      argument: "pip.trustedHost",
      meaning: "Host that pip takes packages from without a valid certificate.",
      example: "pypi.stowers.org",
    },
  ),
  deployerUser: withDefault(loginName, "deployer", {
    component: "LinuxUser",
    argument: "user",
    meaning: "The user that the site belongs to, and that runs it.",
    example: "deployer",
  }),
  deployerPassword: secret(password, {
    component: "LinuxUser",
    argument: "password",
    meaning: "Password of that user.",
    example: "...",
    needed: "unless `host` is `lab`",
  }),
  deployerHome: optional(absolutePath, {
    component: "LinuxUser",
    argument: "home",
    meaning: "Home of that user.",
    example: "/home/deployer",
    fallbackText: "`/home/` and `deployerUser`",
  }),
  deployerShell: withDefault(absolutePath, "/bin/bash", {
    component: "LinuxUser",
    argument: "shell",
    meaning: "Login shell of that user.",
    example: "/bin/bash",
  }),
  deployerAuthorizedKeys: withDefault(listOf(authorizedKey, "public keys"), [], {
    component: "LinuxUser",
    argument: "authorizedKeys",
    meaning: "Public keys that may log in as that user.",
    example: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI... you@example.org",
  }),
};
