import { describe, expect, it } from "vitest";
import {
  type Argument,
  argumentErrors,
  parseArguments,
} from "../../../../components/args/argument";
import { dataMigrationArguments } from "../../../../components/args/DataMigration";
import { djangoAppArguments } from "../../../../components/args/DjangoApp";
import { linuxUserArguments } from "../../../../components/args/LinuxUser";
import { logrotateArguments } from "../../../../components/args/Logrotate";
import { nginxArguments } from "../../../../components/args/Nginx";
import { nginxSiteArguments } from "../../../../components/args/NginxSite";
import { postgresDatabaseArguments } from "../../../../components/args/PostgresDatabase";
import { robotsTxtArguments } from "../../../../components/args/RobotsTxt";
import { systemPackagesArguments } from "../../../../components/args/SystemPackages";
import { uwsgiArguments } from "../../../../components/args/Uwsgi";
import { ed25519KeyPair } from "../../host/ed25519";

const key = ed25519KeyPair().public.trim();
const pem = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n";
const dump = "0123456789abcdef".repeat(4);

const path = {
  takes: ["/srv/a.b/c-d_e@f+g"],
  refuses: ["srv", "/", "/srv/", "/srv/../etc", "/a b"],
};
const port = { takes: [1, 65_535, "443"], refuses: [0, 65_536, "http", 1.5] };
const login = {
  takes: ["deployer", "_x", "a".repeat(32)],
  refuses: ["Deployer", "1a", "a".repeat(33)],
};
const site = {
  takes: ["tracks", "a".repeat(64)],
  refuses: ["Tracks", "../x", "1a", "a".repeat(65)],
};
const flag = { takes: [true, false, "true", "false"], refuses: ["yes", 1] };
const url = {
  takes: ["http://proxy:3128", "https://pip.example.org/simple"],
  refuses: ["ftp://pip.example.org/", "https://me:hush@proxy/", "proxy:3128"],
};
const packages = {
  takes: [[], ["tmux", "nc|nmap-ncat"]],
  refuses: [["tmux; reboot"], ["-y"], ["tmux", "tmux"], "tmux|"],
};
const relative = { takes: ["a/b.txt", ".env"], refuses: ["/a", "../a", "a/../b", "a/"] };
const interpreter = {
  takes: ["/usr/bin/python3.11", "/usr/local/bin/python3"],
  refuses: ["/opt/bin/python3", "python3", "/usr/bin/perl"],
};
const loopback = {
  takes: ["127.0.0.1:1024", "127.0.0.1:65535"],
  refuses: ["127.0.0.1:1023", "127.0.0.1:65536", "0.0.0.0:8001", "[::1]:8001"],
};
const hostName = {
  takes: ["tracks.example.org"],
  refuses: [".example.org", "a b", "http://a", "a:80"],
};
const uri = { takes: ["/", "/a/", "/a/b.txt"], refuses: ["/a", "a/", "/../", "/a?b"] };
const database = {
  takes: ["tracks", "_x", "a".repeat(63)],
  refuses: ["Tracks", "postgres", "pg_x", "template1", "a".repeat(64)],
};
const service = { takes: ["postgresql-15", "getty@tty1"], refuses: ["-x", "a b", "a/b"] };
const services = { takes: [[], ["nginx", "uwsgi"]], refuses: [["a b"], ["nginx", "nginx"]] };
const version = { takes: ["9.2", "9.6", "10", "18"], refuses: ["9.1", "9.7", "19", "15.2"] };

/** Values at the borders of what each argument takes, and its default. */
type Rows = Readonly<
  Record<string, { takes: readonly unknown[]; refuses: readonly unknown[]; fallback?: unknown }>
>;

const components: readonly (readonly [name: string, table: object, rows: Rows])[] = [
  [
    "Nginx",
    nginxArguments,
    {
      user: { ...login, fallback: "nginx" },
      workerProcesses: {
        takes: ["auto", 1, 1024, "4"],
        refuses: [0, 1025, "many"],
        fallback: "auto",
      },
      workerConnections: { takes: [16, 1_000_000], refuses: [15, 1_000_001], fallback: 1024 },
      clientMaxBodySizeMegabytes: { takes: [1, 102_400], refuses: [0, 102_401], fallback: 32 },
      sitesOwner: { ...login, fallback: "root" },
      openPorts: { takes: [[], [80, 65_535]], refuses: [[0], [80, 80]], fallback: [] },
    },
  ],
  [
    "NginxSite",
    nginxSiteArguments,
    {
      site,
      serverNames: {
        takes: [["tracks.test"], ["*.tracks.test", "tracks_old"]],
        refuses: [[], ["a b"], ["http://a"], ["a", "a"], "tracks.test:80"],
      },
      listenPort: { ...port, fallback: 80 },
      defaultServer: { ...flag, fallback: true },
      siteRoot: path,
      staticRoot: path,
      mediaRoot: path,
      "application.socket": loopback,
      "application.harakiriSeconds": { takes: [1, 3600], refuses: [0, 3601] },
      snippet: { takes: ["gzip on;\n\tgzip_vary on;"], refuses: [" \n", "gzip \u0000on;"] },
    },
  ],
  [
    "LinuxUser",
    linuxUserArguments,
    {
      user: login,
      home: path,
      shell: { ...path, fallback: "/bin/bash" },
      authorizedKeys: {
        takes: [[], [key], [`from="10.0.0.0/8" ${key} me@here`]],
        refuses: [["ssh-ed25519 AAAA me"], [key, key], [`${key}\n`]],
        fallback: [],
      },
      services: { ...services, fallback: [] },
    },
  ],
  [
    "SystemPackages",
    systemPackagesArguments,
    {
      extraPackages: { ...packages, fallback: [] },
      moduleStreams: {
        takes: [[], ["nodejs:20", "a.b_c+d-e:f.g_h+i-j"]],
        refuses: [["nodejs"], ["nodejs:"], [":20"], ["a b:1"], ["a:1 "], ["a:1", "a:1"]],
        fallback: [],
      },
      yumRepositories: {
        takes: [[], [{ id: "a", baseurl: "http://a/" }]],
        refuses: [[{ id: "a" }]],
        fallback: [],
      },
      yumProxy: url,
      "server.version": version,
      "server.packages": packages,
      "pip.indexUrl": url,
      "pip.proxy": url,
      "pip.trustedHost": {
        takes: ["pip.example.org", "pip-1.example.org:8080"],
        refuses: ["https://pip.example.org", "pip.example.org:", "pip.example.org:123456", "a b"],
      },
    },
  ],
  [
    "Logrotate",
    logrotateArguments,
    {
      file: { takes: ["nginx", "A_b-1"], refuses: ["a.conf", "../a", ""] },
      logs: {
        takes: [["/var/log/nginx/*.log"]],
        refuses: [[], ["var/log/a"], ["/a b"], ['/a"b'], ["/a{b}"], ["/"], ["/a", "/a"]],
      },
      frequency: {
        takes: ["daily", "weekly", "monthly"],
        refuses: ["hourly"],
        fallback: "daily",
      },
      rotate: { takes: [1, 3650], refuses: [0, 3651], fallback: 52 },
      maxSizeMegabytes: { takes: [1, 1_048_576], refuses: [0, 1_048_577] },
      createMode: {
        takes: ["0640", "7777"],
        refuses: ["640", "0840", "06400"],
        fallback: "0640",
      },
      createOwner: { takes: ["me"], refuses: ["a b", ""], fallback: "root" },
    },
  ],
  [
    "RobotsTxt",
    robotsTxtArguments,
    {
      path,
      rules: {
        takes: [["User-agent: *", "Disallow: /", "Disallow: /"]],
        refuses: [["Disallow /"], ["a: b\nc: d"]],
        fallback: ["User-agent: *", "Disallow: /"],
      },
    },
  ],
  [
    "PostgresDatabase",
    postgresDatabaseArguments,
    {
      database,
      user: database,
      version: { ...version, fallback: "15" },
      provisioner: { takes: ["provider", "psql"], refuses: ["none"] },
      provisioningUser: { ...database, fallback: "tracks_provisioner" },
      packages: { ...packages, fallback: ["postgresql-server"] },
      service: { ...service, fallback: "postgresql" },
      binaries: path,
      dataDirectory: path,
      port: { ...port, fallback: 5432 },
      tunnelPort: port,
      "external.host": {
        takes: ["db.example.org", "192.0.2.7", "2001:db8::7"],
        refuses: ["me@db", "db:5432", "[2001:db8::7]"],
      },
      "external.port": port,
      "external.adminUser": database,
      "external.sslMode": {
        takes: ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        refuses: ["verify"],
      },
      "external.authorities": {
        takes: [pem, `# ours\n${pem}${pem}`],
        refuses: ["MII=", `${pem}-----BEGIN PRIVATE KEY-----\n`],
      },
    },
  ],
  [
    "DjangoApp",
    djangoAppArguments,
    {
      app: site,
      siteRoot: path,
      user: login,
      home: path,
      production: flag,
      postgresqlBinaries: path,
      allowedHosts: {
        takes: [["tracks.test", ".example.org"]],
        refuses: [[], ["a b"], ["http://a"], ["a", "a"]],
      },
      proofHost: hostName,
      interpreter: { ...interpreter, fallback: "/usr/bin/python3" },
      requirements: { ...relative, fallback: "requirements.txt" },
      extraRequirements: {
        takes: [[], ["Django==1.11.29", "psycopg2[binary]>=2.7,<2.9"]],
        refuses: [["-r other.txt"], ["a b"], ["a==1", "a==1"]],
        fallback: [],
      },
      wsgi: relative,
      localSettings: relative,
      healthPath: { ...uri, fallback: "/" },
      port: { ...port, fallback: 80 },
      keep: { takes: [2, 100], refuses: [1, 101], fallback: 5 },
      "source.url": {
        takes: ["https://git.example.org/a.git", "git@git.example.org:a.git", "file:///srv/a.git"],
        refuses: ["https://me:hush@git.example.org/a.git", "http://git.example.org/a.git"],
      },
      "source.commit": {
        takes: ["a1".repeat(20), "a1".repeat(32)],
        refuses: ["a1".repeat(19), "a1".repeat(21), "A1".repeat(20), `${"a1".repeat(20)}\n`],
      },
    },
  ],
  [
    "Uwsgi",
    uwsgiArguments,
    {
      application: site,
      siteRoot: path,
      user: login,
      version: {
        takes: ["2.0", "2.0.31", "2.0.31.1"],
        refuses: ["2", "v2.0", "2.0.31.1.1", "2.0-dev"],
        fallback: "2.0.31",
      },
      interpreter: { ...interpreter, fallback: "/usr/bin/python3" },
      binary: path,
      home: path,
      group: login,
      directory: path,
      wsgi: relative,
      virtualenv: path,
      socket: { ...loopback, fallback: "127.0.0.1:8001" },
      stats: { ...loopback, fallback: "127.0.0.1:9191" },
      processes: { takes: [1, 1024], refuses: [0, 1025], fallback: 16 },
      harakiriSeconds: { takes: [1, 3600], refuses: [0, 3601], fallback: 30 },
      bufferSize: { takes: [4096, 65_535], refuses: [4095, 65_536], fallback: 32_768 },
      listenQueue: { takes: [1, 65_535], refuses: [0, 65_536], fallback: 128 },
      log: { ...path, fallback: "/var/log/uwsgi.log" },
      pidFile: {
        takes: ["/run/a/b.pid", "/var/run/a@b/c_d+e-f"],
        refuses: [
          "/run/b.pid",
          "/run/a/b/c.pid",
          "/tmp/a/b.pid",
          "/run/../b.pid",
          "/run/a/..",
          "/x/run/a/b",
        ],
        fallback: "/var/run/uwsgi/uwsgi.pid",
      },
      options: {
        takes: [[], ["max-requests = 5000", "a=b", "a=b"]],
        refuses: [["max-requests"], ["a = "], ["-a = b"], ["a = b\nc = d"], [" a = b"]],
        fallback: [],
      },
      startsAfter: { ...services, fallback: [] },
      proofPath: { ...uri, fallback: "/" },
      proofHost: { ...hostName, fallback: "localhost" },
    },
  ],
  [
    "DataMigration",
    dataMigrationArguments,
    {
      skipModels: {
        takes: [[], ["south.migrationhistory"]],
        refuses: [["South.MigrationHistory"], ["south"], ["a.b", "a.b"]],
        fallback: [],
      },
      confirm: { takes: [dump], refuses: [dump.slice(1), `${dump}0`, dump.toUpperCase()] },
      postgresqlBinaries: path,
      settings: { takes: ["tracks.settings_old"], refuses: ["tracks/settings", "1a", "a..b"] },
    },
  ],
];

/** Arguments with a value at a path such as `pip.proxy`. */
function given(name: string, value: unknown): object {
  const [head = "", inner] = name.split(".");
  return { [head]: inner === undefined ? value : { [inner]: value } };
}

describe.each(components)("%s", (_, table, rows) => {
  it("has a default for each argument that may be left out for one", () => {
    const fallbacks = Object.entries(table as Record<string, Argument<unknown>>).map(
      ([name, { fallback }]) => [name, fallback],
    );
    expect(Object.fromEntries(fallbacks)).toEqual(
      Object.fromEntries(Object.entries(rows).map(([name, { fallback }]) => [name, fallback])),
    );
  });

  it.each(Object.entries(rows))("%s takes what is allowed, and nothing else", (name, row) => {
    for (const value of row.takes) {
      expect(argumentErrors(table, given(name, value)), JSON.stringify(value)).toEqual([]);
    }
    for (const value of [...row.refuses, null, {}]) {
      const errors = argumentErrors(table, given(name, value));
      expect(errors, JSON.stringify(value)).not.toEqual([]);
      for (const { propertyPath, allowed } of errors) {
        expect(propertyPath.startsWith(name)).toBe(true);
        // What zod says of itself.
        expect(allowed, JSON.stringify(value)).not.toMatch(
          /^(?:Invalid|Too|Expected|Unrecognized)/,
        );
      }
    }
  });
});

it("a value that was given as text becomes what its kind says", () => {
  const { values } = parseArguments(nginxSiteArguments, {
    listenPort: "8080",
    defaultServer: "false",
    snippet: "gzip on;\r\n",
    application: { socket: "127.0.0.1:8001", harakiriSeconds: "30" },
  });
  expect(values).toEqual({
    listenPort: 8080,
    defaultServer: false,
    snippet: "gzip on;\n",
    application: { socket: "127.0.0.1:8001", harakiriSeconds: 30 },
  });
});
