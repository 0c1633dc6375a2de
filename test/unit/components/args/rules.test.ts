import { describe, expect, it } from "vitest";
import type { ArgumentError } from "../../../../components/args/argument";
import { djangoAppRules } from "../../../../components/args/DjangoApp";
import { postgresDatabaseRules } from "../../../../components/args/PostgresDatabase";
import { uwsgiRules } from "../../../../components/args/Uwsgi";

/** Each error in a line: where it is, what was given, the beginning of what is allowed, and "leave it out". */
const told = (errors: readonly ArgumentError[]): string[] =>
  errors.map(({ propertyPath, given, allowed, superfluous }) =>
    [
      `${propertyPath}: ${given}`,
      allowed.replace(/[:;,].*$/s, ""),
      ...(superfluous === true ? ["leave it out"] : []),
    ].join(" -> "),
  );

describe("Uwsgi", () => {
  type Args = Parameters<typeof uwsgiRules>[0];

  it.each<[args: Args, errors: string[]]>([
    [{}, []],
    [{ user: "deployer", group: "nginx", log: "/var/log/uwsgi.log" }, []],
    [{ user: "root" }, ['user: "root" -> another login than root']],
    [{ group: "root" }, ['group: "root" -> another group than root\'s']],
    [{ log: "/tmp/a" }, ['log: "/tmp/a" -> a file outside /tmp']],
    [{ log: "/var/tmp/a" }, ['log: "/var/tmp/a" -> a file outside /tmp']],
    [{ log: "/dev/log" }, ['log: "/dev/log" -> a file outside /tmp']],
    [{ log: "/srv/tmp/a" }, []],
    [{ log: "/tmpfiles/a" }, []],
    [{ socket: "127.0.0.1:1", stats: "127.0.0.1:2" }, []],
    [
      { socket: "127.0.0.1:1", stats: "127.0.0.1:1" },
      ['stats: "127.0.0.1:1", which is Uwsgi.socket too -> another port than the socket\'s'],
    ],
  ])("%j", (args, errors) => {
    expect(told(uwsgiRules(args))).toEqual(errors);
  });

  it.each(["a_B1", "_x", "LANG"])("takes the variable %s", (name) => {
    expect(uwsgiRules({ environment: { [name]: "a $HOME 'b' @ (c) $ {d}" } })).toEqual([]);
  });

  it.each(["PRODUCTION", "1a", "a-b", "", "a b"])("refuses the variable %j by its name", (name) => {
    expect(told(uwsgiRules({ environment: { [name]: "hush" } }))).toEqual([
      `environment: ${JSON.stringify(name)} -> names of letters`,
    ]);
  });

  it.each(["50%", "a\nb", "a\rb", "a\0b", "$(b)", "@(b)"])(
    "refuses the value %j, which uWSGI would change, and does not show it",
    (value) => {
      expect(told(uwsgiRules({ environment: { A: value } }))).toEqual([
        "environment.A: a value with %, $( or @( in it, or of several lines -> one line without these",
      ]);
    },
  );

  it("refuses a placeholder of the host in a variable, without the rest of it", () => {
    expect(told(uwsgiRules({ environment: { A: "hush @@GROUP_OF me@@" } }))).toEqual([
      "environment.A: @@GROUP_OF me@@ in it -> no @@NAME@@",
    ]);
  });

  it.each([
    ["socket", "Uwsgi.socket sets this one"],
    ["uwsgi-socket", "Uwsgi.socket sets this one"],
    ["stats", "Uwsgi.stats sets this one"],
    ["processes", "Uwsgi.processes sets this one"],
    ["workers", "Uwsgi.processes sets this one"],
    ["harakiri", "Uwsgi.harakiriSeconds sets this one"],
    ["buffer-size", "Uwsgi.bufferSize sets this one"],
    ["listen", "Uwsgi.listenQueue sets this one"],
    ["chdir", "Uwsgi.directory sets this one"],
    ["wsgi-file", "Uwsgi.wsgi sets this one"],
    ["home", "Uwsgi.virtualenv sets this one"],
    ["virtualenv", "Uwsgi.virtualenv sets this one"],
    ["venv", "Uwsgi.virtualenv sets this one"],
    ["uid", "Uwsgi.user sets this one"],
    ["gid", "Uwsgi.group sets this one"],
    ["logto", "Uwsgi.log sets this one"],
    ["logto2", "Uwsgi.log sets this one"],
    ["pidfile", "Uwsgi.pidFile sets this one"],
    ["env", "Uwsgi.environment sets this one"],
    ["daemonize", "systemd keeps the service"],
    ["daemonize2", "systemd keeps the service"],
    ["http", "only nginx talks to the world"],
    ["http-socket", "only nginx talks to the world"],
    ["procname", "the deployment knows uWSGI's processes by their command line"],
    ["procname-prefix", "the deployment knows uWSGI's processes by their command line"],
    ["auto-procname", "the deployment knows uWSGI's processes by their command line"],
  ])("refuses the option %s: %s", (name, reason) => {
    for (const option of [`${name} = x`, `${name}=x`]) {
      expect(uwsgiRules({ options: ["a = b", option] })).toEqual([
        {
          propertyPath: "options[1]",
          given: JSON.stringify(option),
          allowed: `other options: ${reason}`,
          superfluous: true,
        },
      ]);
    }
  });

  it.each(["max-requests = 5000", "socket-timeout = 4", "procnames = a", "my-procname = a"])(
    "takes the option %s",
    (option) => {
      expect(uwsgiRules({ options: [option] })).toEqual([]);
    },
  );
});

describe("PostgresDatabase", () => {
  type Args = Parameters<typeof postgresDatabaseRules>[0];
  const host = "db.example.org";
  const certificate = "-----BEGIN CERTIFICATE-----";

  it.each<[args: Args, errors: string[]]>([
    [{}, []],
    [{ version: "14", provisioner: "provider", user: "tracks" }, []],
    [{ version: "13", provisioner: "psql" }, []],
    [{ version: "14", provisioner: "psql" }, []],
    [
      { version: "13", provisioner: "provider" },
      ['provisioner: "provider" with PostgresDatabase.version 13 -> `psql` -> leave it out'],
    ],
    [{ user: "tracks_provisioner" }, ['user: "tracks_provisioner" -> another role']],
    [{ user: "x", provisioningUser: "x" }, ['user: "x" -> another role']],
    [{ user: "tracks_provisioner", provisioningUser: "x" }, []],
    [{ version: "14", external: { host } }, []],
    [
      { version: "9.6", external: { host }, provisioner: "psql" },
      ['version: "9.6", with PostgresDatabase.external.host -> 14 and newer'],
    ],
    [
      { version: "15", external: { host }, provisioner: "psql" },
      ['provisioner: "psql" with PostgresDatabase.external.host -> `provider` -> leave it out'],
    ],
    [{ external: { host, sslMode: "require" } }, []],
    [{ external: { host, sslMode: "verify-full", authorities: certificate } }, []],
    [
      { external: { host, sslMode: "verify-ca" } },
      [
        "external.authorities: nothing, but PostgresDatabase.external.sslMode is verify-ca -> certificates in PEM format",
      ],
    ],
    [
      { external: { host, sslMode: "require", authorities: certificate } },
      [
        'external.sslMode: "require", with PostgresDatabase.external.authorities -> `verify-full` or `verify-ca`',
      ],
    ],
  ])("%j", (args, errors) => {
    expect(told(postgresDatabaseRules(args))).toEqual(errors);
  });
});

describe("DjangoApp", () => {
  type Args = Parameters<typeof djangoAppRules>[0];
  const allowedHosts = ["tracks.test"];
  const hostKey = { server: "git.test", key: "ssh-ed25519 AAAA" };

  it.each<[args: Args, errors: string[]]>([
    [{ allowedHosts }, []],
    [{ allowedHosts: [".example.org"], proofHost: "a.example.org" }, []],
    [{ allowedHosts: ["a.test", ".example.org"] }, []],
    [
      { allowedHosts: [".example.org", "a.test"] },
      ['allowedHosts: ".example.org" as the first -> a whole name before it'],
    ],
    ...[undefined, "prefer", "verify-full"].map((sslmode): [Args, string[]] => [
      { allowedHosts, postgresql: { sslmode } },
      [],
    ]),
    ...["verify-full", "verify-ca"].map((sslmode): [Args, string[]] => [
      { allowedHosts, postgresql: { sslmode, authorities: "PEM" } },
      [],
    ]),
    [
      { allowedHosts, postgresql: { authorities: "PEM" } },
      ["postgresql.sslmode: nothing, with authorities -> `verify-full` or `verify-ca`"],
    ],
    [
      { allowedHosts, postgresql: { sslmode: "require", authorities: "PEM" } },
      ['postgresql.sslmode: "require", with authorities -> `verify-full` or `verify-ca`'],
    ],
    [{ allowedHosts, source: { url: "https://git.test/a.git" } }, []],
    [{ allowedHosts, source: { url: "file:///srv/a.git" } }, []],
    [{ allowedHosts, source: { url: "ssh://git.test/a.git", hostKey, deployKey: "x" } }, []],
    [
      { allowedHosts, source: { url: "git@git.test:a.git", deployKey: "x" } },
      ["source.hostKey: nothing, but DjangoApp.source.url uses SSH -> one public key line"],
    ],
    [
      { allowedHosts, source: { url: "https://git.test/a.git", hostKey, deployKey: "x" } },
      [
        "source.hostKey: a value, but DjangoApp.source.url does not use SSH -> nothing with an https or file URL -> leave it out",
        "source.deployKey: a value, but DjangoApp.source.url does not use SSH -> nothing with an https or file URL -> leave it out",
      ],
    ],
  ])("%j", (args, errors) => {
    expect(told(djangoAppRules(args))).toEqual(errors);
  });
});
