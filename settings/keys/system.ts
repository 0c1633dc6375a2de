import { linuxUserArguments } from "../../components/args/LinuxUser";
import { systemPackagesArguments } from "../../components/args/SystemPackages";
import { password } from "../../host/manifest/values";
import { secret, settingsOf } from "../key";

const packages = settingsOf("SystemPackages", systemPackagesArguments);
const user = settingsOf("LinuxUser", linuxUserArguments);

/** Packages of the host, their repositories, and the user that owns the site. */
export const systemKeys = {
  extraPackages: packages.setting("extraPackages", {
    meaning: "Packages in addition to those that the site needs.",
    example: "tmux",
  }),
  moduleStreams: packages.setting("moduleStreams", {
    meaning:
      "Module streams that dnf enables first, and that must exist; ignored where yum has no modules.",
    example: "postgresql:15",
  }),
  yumRepositories: packages.setting("yumRepositories", {
    meaning:
      "Repositories in addition to the host's own, such as nginx.org, EPEL or a vault mirror; the fields are those of a `.repo` file, in camel case.",
    example: "{id: nginx-stable, baseurl: https://nginx.org/packages/centos/7/$basearch/}",
    command:
      "pulumi config set --path 'tracks:yumRepositories[0].id' nginx-stable   (and so each field, or all of them in Pulumi.STACK.yaml)",
  }),
  yumProxy: packages.setting("yumProxy", {
    meaning: "Proxy of all repositories.",
    example: "http://proxy.stowers.org:3128",
  }),
  pipIndexUrl: packages.setting("pip.indexUrl", {
    meaning: "Package index of pip.",
    example: "https://mirror.example.org/simple",
    fallbackText: "pip's own",
  }),
  pipProxy: packages.setting("pip.proxy", {
    meaning: "Proxy of pip.",
    example: "http://proxy.stowers.org:3128",
  }),
  pipTrustedHost: packages.setting("pip.trustedHost", {
    meaning: "Host that pip takes packages from without a valid certificate.",
    example: "pypi.stowers.org",
  }),
  deployerUser: user.withDefault("user", "deployer", {
    meaning: "The user that owns and runs the site.",
    example: "deployer",
  }),
  deployerPassword: secret(password, {
    component: "LinuxUser",
    argument: "password",
    meaning: "Password of that user.",
    example: "...",
    needed: "unless `host` is `lab`",
  }),
  deployerHome: user.setting("home", {
    meaning: "Home of that user.",
    example: "/home/deployer",
    fallbackText: "`/home/` and `deployerUser`",
  }),
  deployerShell: user.setting("shell", {
    meaning: "Login shell of that user.",
    example: "/bin/bash",
  }),
  deployerAuthorizedKeys: user.setting("authorizedKeys", {
    meaning:
      "Public keys that may log in as that user. They replace the user's whole authorized_keys; without them that file stays as it is.",
    example: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI... you@example.org",
  }),
};
