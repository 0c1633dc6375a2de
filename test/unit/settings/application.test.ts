import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { argumentErrors } from "../../../components/args/argument";
import { uwsgiArguments, uwsgiRules } from "../../../components/args/Uwsgi";
import { authority, expired } from "./certificates";
import { check, errorFor, faultyKeys, folder, hostKey } from "./configuration";

mkdirSync(join(folder, "site"), { recursive: true });
writeFileSync(join(folder, "old.json"), "[]");

const app = { sourceFolder: "site" };
const secret = ["deployerPassword", "postgresAdminPassword", "databasePassword", "sourceDeployKey"];

describe("a stack's application", () => {
  it("is none without a source: the site is a static page", () => {
    expect(check().configuration.application).toBeUndefined();
  });

  it("comes from a folder here, with the notes' settings as defaults", () => {
    const { application } = check(app).configuration;
    expect(application?.django.production).toBe(true);
    expect(application?.django.source).toEqual({ kind: "folder", folder: join(folder, "site") });
    expect(application?.django.settingsModule).toBe("tracks.settings");
    expect(application?.django.allowedHosts).toEqual(["tracks.stowers.org"]);
    expect(application?.uwsgi).toMatchObject({
      socket: "127.0.0.1:8001",
      processes: 16,
      harakiriSeconds: 30,
      bufferSize: 32768,
      stats: "127.0.0.1:9191",
      log: "/var/log/uwsgi.log",
    });
    expect(application?.database).toMatchObject({
      version: "15",
      database: "tracks",
      user: "deployer",
    });
    expect(application?.migration).toBeUndefined();
  });

  it("has no PostgreSQL outside of production", () => {
    const { application } = check({ ...app, production: "false" }).configuration;
    expect(application?.database).toBeUndefined();
  });

  it("comes from a folder or from git, not from both", () => {
    expect(errorFor({ ...app, sourceUrl: "https://example.org/a.git" }).message).toMatch(
      /tracks:sourceFolder, tracks:sourceUrl[\s\S]*one: [\s\S]*pulumi config rm tracks:sourceFolder/,
    );
  });

  it("needs a folder that exists", () => {
    expect(errorFor({ sourceFolder: "nowhere" }).message).toMatch(/"nowhere", which doesn't exist/);
  });

  it("runs on a Python whose uWSGI is found where the service looks for it", () => {
    const { application } = check({
      ...app,
      pythonInterpreter: "/usr/local/bin/python3.11",
    }).configuration;
    expect(application?.uwsgi.interpreter).toBe("/usr/local/bin/python3.11");
    for (const pythonInterpreter of ["/opt/python/bin/python3", "/usr/bin/pypy3", "python3"]) {
      expect(errorFor({ ...app, pythonInterpreter }).message).toMatch(
        /tracks:pythonInterpreter\n.*given: [^]*allowed: the path of a Python in `\/usr\/bin` or `\/usr\/local\/bin`/,
      );
    }
  });

  it("finds the files of a package within another", () => {
    const { application } = check({ ...app, appPackage: "site.tracks" }).configuration;
    expect(application?.django).toMatchObject({
      wsgi: "site/tracks/wsgi.py",
      localSettings: "site/tracks/settings/local.py",
      settingsModule: "site.tracks.settings",
    });
    expect(application?.uwsgi.wsgi).toBe("site/tracks/wsgi.py");
  });

  it("passes on variables in small letters, such as those of a proxy", () => {
    const { application } = check({
      ...app,
      uwsgiEnvironment: '["http_proxy=http://p:3128"]',
    }).configuration;
    expect(application?.uwsgi.environment).toEqual({ http_proxy: "http://p:3128" });
  });

  it("trusts a git server over SSH only by its key", () => {
    const ssh = { sourceUrl: "git@git.example.org:tracks.git" };
    expect(faultyKeys(ssh)).toEqual(["sourceHostKey"]);
    expect(
      check({ ...ssh, sourceHostKey: hostKey }).configuration.application?.django.source,
    ).toMatchObject({
      kind: "git",
      repository: { ref: "main", user: "deployer", hostKey: { server: "git.example.org" } },
    });
    expect(faultyKeys({ sourceUrl: "https://example.org/a.git", sourceHostKey: hostKey })).toEqual([
      "sourceHostKey",
    ]);
  });

  it.each([
    ["a scheme that anybody can answer", "http://example.org/a.git"],
    ["a password in it", "https://me:secret@example.org/a.git"],
    ["an option", "--upload-pack=touch /x"],
    ["no scheme", "example.org/a.git"],
  ])("refuses a git URL with %s", (_, sourceUrl) => {
    expect(faultyKeys({ sourceUrl })).toContain("sourceUrl");
  });

  it.each(["-x", "a..b", "main@{1}", "a b", "refs/"])(
    "refuses %s as a git reference",
    (sourceRef) => {
      expect(faultyKeys({ sourceUrl: "https://example.org/a.git", sourceRef })).toEqual([
        "sourceRef",
      ]);
    },
  );

  it("names every setting that would do nothing without an application", () => {
    expect(faultyKeys({ databasePassword: "x", migrationDump: "old.json" }, { secret })).toEqual([
      "migrationDump",
      "databasePassword",
    ]);
  });
});

describe("its database", () => {
  it("can't be provisioned by a provider that doesn't support the version", () => {
    expect(
      errorFor({ ...app, postgresVersion: "13", postgresProvisioner: "provider" }).message,
    ).toMatch(/"provider" with tracks:postgresVersion 13[\s\S]*supports 14 and newer/);
  });

  it("elsewhere needs a login that may create roles", () => {
    expect(faultyKeys({ ...app, postgresHost: "db.example.org" })).toEqual([
      "postgresAdminUser",
      "postgresAdminPassword",
    ]);
    expect(faultyKeys({ ...app, postgresAdminUser: "admin" })).toEqual(["postgresAdminUser"]);
    const { application } = check(
      {
        ...app,
        postgresHost: "db.example.org",
        postgresAdminUser: "admin",
        postgresAdminPassword: "x",
      },
      { secret },
    ).configuration;
    expect(application?.database?.external).toMatchObject({ host: "db.example.org", port: 5432 });
  });

  describe("elsewhere, over TLS", () => {
    const elsewhere = {
      ...app,
      postgresHost: "db.example.org",
      postgresAdminUser: "admin",
      postgresAdminPassword: "x",
    };
    const errors = (change: Record<string, string>) => {
      const { message, problems } = errorFor({ ...elsewhere, ...change }, { secret });
      return { message, keys: problems.map(({ subject }) => subject) };
    };
    writeFileSync(join(folder, "ca.pem"), `text before\n${authority}\n`);
    writeFileSync(join(folder, "expired.pem"), `${authority}${expired}`);
    writeFileSync(join(folder, "damaged.pem"), authority.replace(/M/g, "N"));
    writeFileSync(join(folder, "key.pem"), `-----BEGIN PRIVATE KEY-----\nx\n${authority}`);
    writeFileSync(join(folder, "empty.pem"), "");

    it("is checked by the certificates of a file, and by nothing else in it", () => {
      const settings = { ...elsewhere, postgresSslMode: "verify-full", postgresCaFile: "ca.pem" };
      expect(check(settings, { secret }).configuration.application?.database?.external).toEqual(
        expect.objectContaining({ sslMode: "verify-full", authorities: authority }),
      );
    });

    it("is checked by an authority, or not at all", () => {
      const missing = errors({ postgresSslMode: "verify-full" });
      expect(missing.keys).toEqual(["tracks:postgresCaFile"]);
      expect(missing.message).toMatch(/nothing, but tracks:postgresSslMode is verify-full/);
      for (const postgresSslMode of ["disable", "allow", "prefer", "require"]) {
        check({ ...elsewhere, postgresSslMode }, { secret });
        const idle = errors({ postgresSslMode, postgresCaFile: "ca.pem" });
        expect(idle.keys, postgresSslMode).toEqual(["tracks:postgresSslMode"]);
        expect(idle.message).toMatch(/pulumi config set tracks:postgresSslMode verify-full/);
        expect(errors({ postgresSslMode, postgresCaFile: "nowhere.pem" }).keys).toEqual([
          "tracks:postgresSslMode",
          "tracks:postgresCaFile",
        ]);
      }
    });

    it.each([
      ["nowhere.pem", "can't be read (ENOENT)"],
      ["empty.pem", "holds no certificate in PEM format"],
      ["damaged.pem", "holds a certificate that is damaged"],
      ["expired.pem", "holds a certificate (number 2) that expired at Jan  1 00:00:00 2021 GMT"],
      ["key.pem", "holds a private key"],
    ])("is not checked by %s", (postgresCaFile, fault) => {
      const { keys, message } = errors({ postgresSslMode: "verify-ca", postgresCaFile });
      expect(keys).toEqual(["tracks:postgresCaFile"]);
      expect(message).toContain(`"${postgresCaFile}", which ${fault}`);
    });

    it("is made by the provider, on a server that it supports", () => {
      expect(errors({ postgresVersion: "13" }).keys).toEqual(["tracks:postgresVersion"]);
      expect(errors({ postgresProvisioner: "psql" }).keys).toEqual(["tracks:postgresProvisioner"]);
    });

    it("is ignored for the host's own server", () => {
      expect(
        faultyKeys({ ...app, postgresSslMode: "verify-full", postgresCaFile: "ca.pem" }),
      ).toEqual(["postgresSslMode", "postgresCaFile"]);
    });
  });

  it.each(["postgres", "pg_x", "Tracks", "a-b", "tracks; drop"])(
    "is not named %s",
    (databaseName) => {
      expect(faultyKeys({ ...app, databaseName })).toEqual(["databaseName"]);
    },
  );
});

describe("its old data", () => {
  it("is a file that exists, with the notes' renames", () => {
    const { application } = check({ ...app, migrationDump: "old.json" }).configuration;
    expect(application?.migration).toEqual({
      dump: join(folder, "old.json"),
      renames: {
        "redirect.redirecthit": "roasted.redirecthit",
        "redirect.target": "roasted.target",
      },
      skipModels: [],
      confirm: undefined,
    });
    expect(faultyKeys({ ...app, migrationDump: "site" })).toEqual(["migrationDump"]);
  });

  it("is confirmed for one dump only", () => {
    expect(faultyKeys({ ...app, migrationConfirm: "yes" })).toContain("migrationConfirm");
    expect(faultyKeys({ ...app, migrationConfirm: "a".repeat(64) })).toEqual(["migrationConfirm"]);
  });
});

describe("its names", () => {
  it.each<[string, string[], string[] | undefined, string[], string]>([
    ["the site's", ["a.test", "b.test"], undefined, ["a.test", "b.test"], "a.test"],
    ["a wildcard first", ["*.a.test", "a.test"], undefined, [".a.test", "a.test"], "a.test"],
    ["a wildcard alone", ["*.a.test"], undefined, [".a.test"], "www.a.test"],
    [
      "a wildcard of Django's",
      ["x.a.test"],
      ["b.test", "*.a.test"],
      ["b.test", ".a.test"],
      "x.a.test",
    ],
    [
      "one with an underscore",
      ["old_a.test", "a.test"],
      undefined,
      ["old_a.test", "a.test"],
      "a.test",
    ],
    ["some of the site's", ["a.test", "B.test"], ["b.test"], ["b.test"], "B.test"],
  ])("may be %s", (_, serverNames, allowedHosts, django, proof) => {
    const { application } = check({
      ...app,
      serverNames: JSON.stringify(serverNames),
      allowedHosts: allowedHosts && JSON.stringify(allowedHosts),
    }).configuration;
    expect(application?.django.allowedHosts).toEqual(django);
    expect(application?.django.proofHost).toBe(proof);
    expect(application?.uwsgi.proofHost).toBe(proof);
  });

  it("have a name that both nginx and Django answer to", () => {
    expect(faultyKeys({ ...app, allowedHosts: '["elsewhere.test"]' })).toEqual(["allowedHosts"]);
    expect(faultyKeys({ ...app, serverNames: '["old_tracks"]' })).toEqual(["serverNames"]);
    expect(() => check({ serverNames: '["old_tracks"]' })).not.toThrow();
  });
});

describe("its health check", () => {
  it.each(["/", "/healthz/", "/a.b/health/", "/status/health.json", "/~me/a+b/"])(
    "may ask for %s",
    (healthCheckPath) => {
      expect(check({ ...app, healthCheckPath }).configuration.application?.uwsgi.proofPath).toBe(
        healthCheckPath,
      );
    },
  );

  it.each(["/healthz", "/a.b/health", "healthz/", "/h/?deep=1", "/h%20/", "/a b/", "//", "/../a/"])(
    "can't ask for %s, which nginx answers or changes",
    (healthCheckPath) => {
      expect(faultyKeys({ ...app, healthCheckPath })).toEqual(["healthCheckPath"]);
    },
  );
});

describe("its service", () => {
  it.each([
    "0.0.0.0:8001",
    "8001",
    "127.0.0.2:8001",
    "127.0.0.1:0",
    "127.0.0.1:1023",
    "127.0.0.1:70000",
  ])("does not listen at %s", (uwsgiSocket) => {
    expect(faultyKeys({ ...app, uwsgiSocket })).toEqual(["uwsgiSocket"]);
  });

  it("serves its statistics and its requests on different addresses", () => {
    expect(faultyKeys({ ...app, uwsgiStats: "127.0.0.1:8001" })).toEqual(["uwsgiStats"]);
  });
});

describe("what a component would refuse", () => {
  it.each<[string, string, string]>([
    ["uwsgiHarakiriSeconds", "3601", "uwsgiHarakiriSeconds"],
    ["uwsgiPidFile", "/var/run/uwsgi.pid", "uwsgiPidFile"],
    ["uwsgiGroup", "root", "uwsgiGroup"],
    ["uwsgiOptions", '["max-requests = 5000","processes = 3"]', "uwsgiOptions[1]"],
    ["uwsgiOptions", '["http-socket = :80"]', "uwsgiOptions[0]"],
    ["uwsgiOptions", '["a = "]', "uwsgiOptions[0]"],
    ["uwsgiOptions", '["auto-procname = true"]', "uwsgiOptions[0]"],
    ["uwsgiOptions", '["threads = 2","procname = tracks"]', "uwsgiOptions[1]"],
    ["uwsgiEnvironment", '["TZ=UTC","A=50%"]', "uwsgiEnvironment[1]"],
    ["uwsgiEnvironment", '["A=$(id)"]', "uwsgiEnvironment[0]"],
    ["siteName", "3d", "siteName"],
    ["sourceRef", "a b", "sourceRef"],
  ])("of %s %j is refused when the settings are read", (name, value, at) => {
    expect(faultyKeys({ ...app, [name]: value })).toEqual([at]);
  });

  it("is reported at once, with the setting to use, and without a variable's value", () => {
    const { message, problems } = errorFor({
      ...app,
      uwsgiOptions: '["harakiri = 60","uid = www","wsgi-file = a.py","chdir = /","venv = /v"]',
      uwsgiEnvironment: '["TOKEN=hidden%value"]',
      uwsgiHarakiriSeconds: "0",
    });
    expect(problems).toHaveLength(7);
    const names = [
      "uwsgiHarakiriSeconds",
      "deployerUser",
      "appPackage",
      "siteRoot",
      "deployerHome",
    ];
    for (const name of names) {
      expect(message).toContain(`tracks:${name} sets this one`);
    }
    expect(message).not.toContain("hidden");
  });

  it("has the command that sets it, or removes what is too much", () => {
    const fixes = (settings: Record<string, string>) =>
      errorFor({ ...app, ...settings }).problems.map(({ fix }) => fix?.[0]);
    expect(fixes({ uwsgiGroup: "root" })).toEqual(["pulumi config set tracks:uwsgiGroup deployer"]);
    expect(fixes({ uwsgiOptions: '["a = b","processes = 3"]' })).toEqual([
      "pulumi config rm --path 'tracks:uwsgiOptions[1]'",
    ]);
    const elsewhere = { postgresHost: "db.example.org", postgresProvisioner: "psql" };
    expect(fixes({ ...elsewhere, production: "true" })).toContain(
      "pulumi config rm tracks:postgresProvisioner",
    );
  });

  it("is nothing that the schema allows", () => {
    const { uwsgi } =
      check({
        ...app,
        siteRoot: "/srv/www+1@a",
        uwsgiSocket: "127.0.0.1:1024",
        uwsgiStats: "127.0.0.1:65535",
        uwsgiPidFile: "/run/u/u.pid",
        uwsgiOptions: '["max-requests=5000"]',
      }).configuration.application ?? {};
    expect(uwsgi).toBeDefined();
    if (uwsgi === undefined) return;
    const args = { ...uwsgi, user: "deployer", startsAfter: ["postgresql"] };
    expect([...argumentErrors(uwsgiArguments, args), ...uwsgiRules(args)]).toEqual([]);
  });
});

describe("a rehearsal", () => {
  it("is refused on any host but the lab's", () => {
    expect(errorFor({ rehearsal: "true" }).message).toMatch(
      /"tracks.stowers.org", but tracks:rehearsal is true[\s\S]*never touches another host/,
    );
  });
});
