import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { utils } from "ssh2";
import { describe, expect, it } from "vitest";
import type { Key } from "../../../settings/key";
import { keyNames, keys } from "../../../settings/schema";
import {
  check,
  errorFor,
  faultyKeys,
  folder,
  hostKey,
  identity,
  minimal,
  writeLabHost,
} from "./configuration";
import { ed25519KeyPair } from "../host/ed25519";

describe("a stack with only the required settings", () => {
  it("gets a default for everything else", () => {
    const { configuration, warnings } = check();
    expect(warnings).toEqual([]);
    expect(configuration).toMatchObject({
      isLab: false,
      connection: {
        address: "tracks.stowers.org",
        port: 22,
        user: "root",
        privilege: { kind: "root" },
        bastion: undefined,
      },
      deployer: {
        user: "deployer",
        home: "/home/deployer",
        shell: "/bin/bash",
        authorizedKeys: [],
      },
      nginx: { workerProcesses: "auto", sitesOwner: "deployer", openPorts: [80] },
      site: { site: "tracks", listenPort: 80, defaultServer: true, siteRoot: "/microarray" },
      robots: {
        path: "/microarray/robots/robots.txt",
        rules: ["User-agent: *", "Disallow: /"],
      },
      logrotate: { frequency: "daily", rotate: 52, maxSizeMegabytes: undefined },
    });
  });

  it.each(Object.keys(minimal))("and says that %s is missing", (name) => {
    expect(faultyKeys({ [name]: undefined })).toEqual([name]);
  });
});

describe("values", () => {
  it("are read from the text that Pulumi makes of them", () => {
    const { configuration } = check({
      listenPort: "8080",
      defaultServer: "false",
      workerProcesses: "4",
      openFirewall: "false",
      sitesOwner: "root",
      siteSnippet: "client_body_timeout 30s;\nsend_timeout 30s;\n",
      yumRepositories: `[{"id":"nginx","baseurl":"https://nginx.org/packages/centos/7/$basearch/","gpgcheck":"true","priority":1}]`,
    });
    expect(configuration.site).toMatchObject({ listenPort: 8080, defaultServer: false });
    expect(configuration.nginx).toMatchObject({
      workerProcesses: 4,
      sitesOwner: "root",
      openPorts: [],
    });
    expect(configuration.packages.yumRepositories).toEqual([
      {
        id: "nginx",
        baseurl: "https://nginx.org/packages/centos/7/$basearch/",
        gpgcheck: true,
        priority: 1,
      },
    ]);
  });

  it.each<[string, string]>([
    ["host", "root@tracks.stowers.org"],
    ["host", "http://tracks.stowers.org"],
    ["host", "tracks.stowers.org:22"],
    ["hostPort", "0"],
    ["hostPort", "65536"],
    ["hostPort", "22.5"],
    ["hostUser", "Admin"],
    ["hostKey", "ssh-ed25519"],
    ["hostKey", "ssh-ed25519 AAAA"],
    ["hostKey", hostKey.replace("ssh-ed25519 ", "ssh-rsa ")],
    ["hostKey", hostKey.slice(0, -12)],
    ["hostKey", `tracks.stowers.org ${hostKey}`],
    ["hostKey", `${hostKey}\n${hostKey}`],
    ["privateKeyFile", "missing"],
    ["serverNames", "tracks.stowers.org"],
    ["serverNames", "[]"],
    ["serverNames", '"tracks.stowers.org"'],
    ["listenPort", "eighty"],
    ["defaultServer", "yes"],
    ["siteRoot", "microarray"],
    ["siteRoot", "/"],
    ["siteRoot", "/microarray/"],
    ["siteRoot", "/micro array"],
    ["siteRoot", "/microarray/../etc"],
    ["siteName", "../tracks"],
    ["siteSnippet", " "],
    ["sitesOwner", "nobody"],
    ["workerProcesses", "many"],
    ["yumProxy", "http://user:password@proxy:3128"],
    ["pipIndexUrl", "ftp://pypi.org/simple"],
    ["deployerUser", "root"],
    ["deployerShell", "bash"],
    ["logrotateFrequency", "hourly"],
    ["logrotateCount", "0"],
    ["extraPackages", "tmux"],
  ])("of %s can't be %j", (name, value) => {
    expect(faultyKeys({ [name]: value })).toEqual([name]);
  });

  it.each<[string, string, string]>([
    ["serverNames", '["a b","ok.org"]', "serverNames[0]"],
    ["serverNames", '["ok.org","ok.org"]', "serverNames[1]"],
    ["extraPackages", '["tmux; reboot"]', "extraPackages[0]"],
    ["moduleStreams", '["postgresql"]', "moduleStreams[0]"],
    ["robotsRules", '["User-agent: *","Disallow /"]', "robotsRules[1]"],
    ["deployerAuthorizedKeys", '["ssh-ed25519 AAAA me"]', "deployerAuthorizedKeys[0]"],
    ["yumRepositories", '[{"id":"x"}]', "yumRepositories[0]"],
    [
      "yumRepositories",
      '[{"id":"x","baseurl":"http://a/","metalink":"http://a/"}]',
      "yumRepositories[0]",
    ],
    [
      "yumRepositories",
      '[{"id":"x","baseurl":"http://a/","enabled":"si"}]',
      "yumRepositories[0].enabled",
    ],
    [
      "yumRepositories",
      '[{"id":"x","baseurl":"http://a/"},{"id":"x","baseurl":"http://b/"}]',
      "yumRepositories[1].id",
    ],
  ])("of %s %j are wrong at %s", (name, value, at) => {
    expect(faultyKeys({ [name]: value })).toEqual([at]);
  });

  it.each<[string, string]>([
    ["host", "192.0.2.7"],
    ["host", "2001:db8::7"],
    ["serverNames", '["*.stowers.org","tracks_old"]'],
    ["robotsRules", '["User-agent: a","Disallow: /","User-agent: b","Disallow: /","Disallow:"]'],
    ["deployerAuthorizedKeys", `["from=\\"10.0.0.0/8\\" ${hostKey} me@here"]`],
    ["extraPackages", '["libjpeg-turbo-devel|libjpeg-devel"]'],
  ])("of %s may be %j", (name, value) => {
    expect(() => check({ [name]: value })).not.toThrow();
  });

  it("of a list of pairs have what follows the first separator, and each name once", () => {
    const { configuration } = check({
      production: "false",
      sourceUrl: "https://git.example.org/tracks.git",
      uwsgiEnvironment: '["A=b=c","B="]',
    });
    expect(configuration.application?.uwsgi.environment).toEqual({ A: "b=c", B: "" });
    const error = errorFor({ uwsgiEnvironment: '["A=1","B=2","A=3"]' });
    expect(error.problems.map(({ subject, allowed, fix }) => [subject, allowed, fix])).toEqual([
      [
        "tracks:uwsgiEnvironment[2]",
        "`A` once",
        ["pulumi config rm --path 'tracks:uwsgiEnvironment[2]'"],
      ],
    ]);
  });

  it("of every setting's own example are allowed", () => {
    for (const name of keyNames) {
      const { value, example, secret } = keys[name];
      if (secret || example.includes("...") || example.startsWith("{")) continue;
      const given: unknown = value.encoding === "json" ? [example] : example;
      expect(value.schema.safeParse(given).success, name).toBe(true);
    }
  });
});

describe("the error", () => {
  const error = errorFor({
    listenPort: "0",
    siteRoot: "relative",
    serverNames: '["a b"]',
    deployerPasword: "hunter2",
    deployerPassword: undefined,
  });

  it("has every problem, each with what was given, what is allowed and the command that fixes it", () => {
    expect(error.message).toMatchInlineSnapshot(`
      "The configuration of the stack test has 5 problems:

        tracks:deployerPasword
          given:   a setting that this program doesn't have
          allowed: perhaps tracks:deployerPassword?
          fix:     pulumi config rm tracks:deployerPasword
                   pulumi config set --secret tracks:deployerPassword

        tracks:serverNames[0]
          given:   "a b"
          allowed: a host name without scheme, port, path or spaces; it may begin with \`*.\`
          fix:     pulumi config set --path 'tracks:serverNames[0]' tracks.stowers.org

        tracks:listenPort
          given:   "0"
          allowed: a port, 1 to 65535
          fix:     pulumi config set tracks:listenPort 80

        tracks:siteRoot
          given:   "relative"
          allowed: an absolute path without \`..\`, spaces or a slash at its end
          fix:     pulumi config set tracks:siteRoot /microarray

        tracks:deployerPassword
          given:   nothing
          allowed: one line of text, not empty
          fix:     pulumi config set --secret tracks:deployerPassword"
    `);
  });

  it.each(keyNames)("of %s has the command that sets it", (name) => {
    const key: Key<unknown> = keys[name];
    // What no value is: empty where text is needed, and neither a list nor an item of one.
    const values = key.value.encoding === "json" ? ["{}", '[""]', "[{}]"] : ["", "\n"];
    for (const value of values) {
      const { problems } = errorFor({ [name]: value }, { secret: key.secret ? [name] : [] });
      const found = problems.filter(({ subject }) => subject.startsWith(`tracks:${name}`));
      expect(found.length, value).toBeGreaterThan(0);
      // What zod says of itself.
      for (const { allowed = "" } of found)
        expect(allowed).not.toMatch(/^(?:Invalid|Too|Expected)/);
      expect(found.flatMap(({ fix }) => fix).join("\n")).toMatch(
        new RegExp(
          `^${key.command?.startsWith("npm run") ? "npm run hostkey" : `pulumi config set .*tracks:${name}`}`,
        ),
      );
    }
  });

  it("carries no stack, which would take Pulumi 14 seconds to format", () => {
    expect(error.stack).toBe(`ConfigurationError: ${error.message}`);
  });

  it("shows no value under an unknown name, which may be a secret's", () => {
    expect(error.message).not.toContain("hunter2");
  });
});

describe("a secret", () => {
  it("in plain text is refused, and not shown", () => {
    const error = errorFor(
      { sudoPassword: "hunter2", hostUser: "admin" },
      { secret: ["deployerPassword"] },
    );
    expect(error.problems.map(({ subject }) => subject)).toEqual(["tracks:sudoPassword"]);
    expect(error.message).toContain("pulumi config set --secret tracks:sudoPassword");
    expect(error.message).not.toContain("hunter2");
  });

  it("that is malformed isn't shown either", () => {
    const error = errorFor({ deployerPassword: "two\nlines" });
    expect(error.message).toContain("[secret]");
    expect(error.message).not.toContain("two");
  });

  it("appears in no text of the configuration", () => {
    const { configuration } = check({
      hostUser: "admin",
      sudoPassword: "hunter2",
      privateKeyFile: undefined,
      privateKey: identity.private,
    });
    const body = identity.private.split("\n")[2] ?? "";
    for (const text of [
      inspect(configuration, { depth: 9, showHidden: true }),
      JSON.stringify(configuration),
      String(configuration.deployer.password),
    ]) {
      expect(text).not.toContain("hunter2");
      expect(text).not.toContain("correct horse");
      expect(text).not.toContain(body);
    }
    expect(configuration.deployer.password.reveal()).toBe("correct horse");
  });

  it("that is no secret to the program is warned about", () => {
    const { warnings } = check({}, { secret: ["deployerPassword", "host"] });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ severity: "warning", subject: "tracks:host" });
  });
});

describe("an unknown setting", () => {
  it.each([
    ["deployerPasword", "deployerPassword"],
    ["server_names", "serverNames"],
    ["ListenPort", "listenPort"],
    ["hostkey", "hostKey"],
  ])("%s is recognised as a misspelled %s", (slip, meant) => {
    const [problem] = errorFor({ [slip]: "x" }).problems;
    expect(problem?.subject).toBe(`tracks:${slip}`);
    expect(problem?.allowed).toContain(`tracks:${meant}`);
  });

  it("unlike any other leads to the reference", () => {
    expect(errorFor({ kubernetes: "x" }).message).toContain("docs/configuration.md");
  });
});

describe("settings that depend on each other", () => {
  it.each<[string, Record<string, string | undefined>, string[]]>([
    ["a sudo password for root", { sudoPassword: "x" }, ["sudoPassword"]],
    ["two identities", { agent: "true" }, ["privateKeyFile, agent"]],
    ["a key twice", { privateKey: identity.private }, ["privateKeyFile, privateKey"]],
    ["no identity", { privateKeyFile: undefined }, ["privateKeyFile"]],
    [
      "a passphrase for an agent",
      { privateKeyFile: undefined, agent: "true", privateKeyPassphrase: "x" },
      ["privateKeyPassphrase"],
    ],
    [
      "a bastion's parts without it",
      { bastionUser: "jump", bastionPort: "22" },
      ["bastionPort", "bastionUser"],
    ],
    ["a bastion without its key", { bastionHost: "bastion.org" }, ["bastionHostKey"]],
    [
      "a passphrase without a bastion key",
      { bastionHost: "bastion.org", bastionHostKey: hostKey, bastionPrivateKeyPassphrase: "x" },
      ["bastionPrivateKeyPassphrase"],
    ],
    ["the deployer as the login", { hostUser: "deployer" }, ["deployerUser"]],
    ["one port twice", { listenPort: "22" }, ["listenPort"]],
  ])("%s", (_, change, expected) => {
    expect(faultyKeys(change)).toEqual(expected);
  });

  it("derive how the login becomes root", () => {
    const kind = (change: Record<string, string>): string =>
      check(change).configuration.connection.privilege.kind;
    expect(kind({})).toBe("root");
    expect(kind({ hostUser: "admin" })).toBe("passwordless");
    expect(kind({ hostUser: "admin", sudoPassword: "x" })).toBe("password");
  });

  it("give the bastion the host's identity and user, or its own", () => {
    const bastion = { bastionHost: "bastion.org", bastionHostKey: hostKey };
    const { connection } = check(bastion).configuration;
    expect(connection.bastion).toMatchObject({ address: "bastion.org", user: "root" });
    expect(connection.bastion?.identity).toEqual(connection.identity);
    const own = ed25519KeyPair().private;
    const { connection: other } = check({ ...bastion, bastionPrivateKey: own }).configuration;
    expect(other.bastion?.identity).not.toEqual(other.identity);
  });

  it("warn of a pinned RSA key", () => {
    const { warnings } = check({
      hostKey: utils.generateKeyPairSync("rsa", { bits: 2048 }).public,
    });
    expect(warnings.map(({ reason }) => reason).join()).toContain("Enterprise Linux 9 refuses");
  });
});

describe("a private key", () => {
  const locked = ed25519KeyPair("open sesame").private;
  const given = { privateKeyFile: undefined, privateKey: locked };

  it("with a passphrase needs it", () => {
    expect(faultyKeys(given)).toEqual(["privateKeyPassphrase"]);
    const wrong = errorFor({ ...given, privateKeyPassphrase: "sesame seed" });
    expect(wrong.message).toContain("doesn't open the private key");
    expect(wrong.message).not.toContain("sesame");
    expect(() => check({ ...given, privateKeyPassphrase: "open sesame" })).not.toThrow();
  });

  it("in a file below the home is found by ~/", () => {
    const { configuration } = check({ privateKeyFile: "~/id" });
    expect(configuration.connection.identity).toMatchObject({ kind: "key" });
    expect(faultyKeys({ privateKeyFile: "id~/" })).toEqual(["privateKeyFile"]);
  });

  it("is one of several ways to log in, of which exactly one is given", () => {
    const without = { privateKeyFile: undefined };
    for (const [settings, identity] of [
      [{ agent: "true" }, { kind: "agent", socketPath: undefined }],
      [{ agentSocketPath: "/run/agent" }, { kind: "agent", socketPath: "/run/agent" }],
      [
        { agent: "true", agentSocketPath: "/run/agent" },
        { kind: "agent", socketPath: "/run/agent" },
      ],
    ] as const) {
      expect(check({ ...without, ...settings }).configuration.connection.identity).toEqual(
        identity,
      );
    }
    expect(faultyKeys({ agent: "true" })).toEqual(["privateKeyFile, agent"]);
    expect(faultyKeys({ agentSocketPath: "/run/agent" })).toEqual([
      "privateKeyFile, agentSocketPath",
    ]);
    expect(errorFor({ privateKey: identity.private }).problems).toMatchObject([
      {
        subject: "tracks:privateKeyFile, tracks:privateKey",
        fix: ["pulumi config rm tracks:privateKey"],
      },
    ]);
    expect(faultyKeys({ ...without, agentSocketPath: "run/agent" })).toEqual(["agentSocketPath"]);
    expect(faultyKeys({ ...without, agent: "true", privateKeyPassphrase: "hush" })).toEqual([
      "privateKeyPassphrase",
    ]);
  });

  it("isn't just any text, nor the public half", () => {
    expect(faultyKeys({ privateKeyFile: undefined, privateKey: "hello" })).toEqual(["privateKey"]);
    expect(faultyKeys({ privateKeyFile: undefined, privateKey: hostKey })).toEqual(["privateKey"]);
  });
});

describe("the lab's own host", () => {
  const lab = {
    host: "lab",
    hostKey: undefined,
    privateKeyFile: undefined,
    deployerPassword: undefined,
  };

  it("brings what the stack doesn't set", () => {
    writeLabHost("bench");
    const { configuration } = check(lab, { stack: "bench" });
    expect(configuration).toMatchObject({
      isLab: true,
      connection: { address: "10.1.2.3", user: "root" },
    });
    expect(configuration.deployer.password.reveal()).toBe("lab-secret");
  });

  it("knows which of its users sudo asks for a password", () => {
    writeLabHost("bench");
    const as = (hostUser: string): unknown =>
      check({ ...lab, hostUser }, { stack: "bench" }).configuration.connection.privilege;
    expect(as("admin")).toEqual({ kind: "passwordless" });
    expect(as("operator")).toMatchObject({ kind: "password" });
  });

  it("of another version of this program is an error with the command that makes it", () => {
    writeLabHost("older");
    const file = join(folder, ".lab", "hosts", "older", "host.json");
    for (const text of ["{", "{}"]) {
      writeFileSync(file, text);
      const error = errorFor({ host: "lab", hostKey: undefined }, { stack: "older" });
      expect(error.problems[0]).toMatchObject({
        subject: "tracks:host",
        given: '"lab"',
        found: `${file} is damaged or of another version`,
        fix: ["npm run lab -- up older", "or npm run demo"],
      });
    }
  });

  it("that is missing is an error with the command that makes it", () => {
    const error = errorFor(lab, { stack: "nowhere" });
    expect(error.problems).toHaveLength(1);
    expect(error.message).toContain("npm run lab -- up nowhere");
    expect(error.message).toContain("npm run demo");
  });
});
