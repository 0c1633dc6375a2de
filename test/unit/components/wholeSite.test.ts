import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import {
  DataMigration,
  DjangoApp,
  type DjangoAppArgs,
  Host,
  LinuxUser,
  Logrotate,
  Nginx,
  NginxSite,
  PostgresDatabase,
  type PostgresDatabaseArgs,
  RobotsTxt,
  SystemPackages,
  Uwsgi,
  UwsgiService,
} from "../../../components";
import { MockedEngine, type Registered } from "../mockedEngine";
import { rootConnection } from "../rootConnection";

const engine = new MockedEngine(({ inputs }) => ({ ...inputs, result: "generated" }));

/** Options of each resource that the engine is not told through the mocks. */
const retained = new Map<string, boolean>();

beforeEach(() => {
  engine.clear();
  retained.clear();
});

const digest = "0123456789ab".padEnd(64, "f");
const siteRoot = "/microarray";
const user = "deployer";
const production = true;

const noteOptions: pulumi.ResourceTransformation = ({ name, opts }) => {
  retained.set(name, (opts as pulumi.CustomResourceOptions).retainOnDelete === true);
  return undefined;
};

/** A site as index.ts makes it. */
function makeSite(app: Partial<DjangoAppArgs>, database?: Partial<PostgresDatabaseArgs>): void {
  const host = new Host("host", { connection: rootConnection });
  const packages = new SystemPackages("packages", {
    host,
    yumRepositories: [{ id: "extra", baseurl: "https://packages.example.org/", gpgcheck: true }],
    pip: { indexUrl: "https://pip.example.org/simple" },
    ...(database && { server: {} }),
  });
  const deployer = new LinuxUser("deployer", {
    host,
    user,
    password: pulumi.secret("password-of-deployer"),
    authorizedKeys: [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3hC0yqcJq0fMmRMw0Kq0CyQ2sXrM9xkJ6o0l8n2Q0p deployer",
    ],
    services: ["nginx", "uwsgi"],
  });
  const installed = { dependsOn: packages };
  const system = { dependsOn: [packages, deployer.account] };
  const postgres =
    database &&
    new PostgresDatabase(
      "database",
      {
        host,
        database: "tracks",
        user,
        found: {
          tunnelPort: 20_001,
          adopt: { role: false, database: false },
          server: "127.0.0.1:5432",
          generation: "1a2b3c",
        },
        ...database,
      },
      { ...installed, transformations: [noteOptions] },
    );
  const uwsgi = new Uwsgi(
    "uwsgi",
    { host, siteRoot, user, production, application: "tracks" },
    installed,
  );
  const robots = new RobotsTxt(
    "robots",
    { host, path: "/microarray/robots/robots.txt" },
    installed,
  );
  const served = { application: uwsgi, locations: [robots] };
  const site = new NginxSite("tracks", { serverNames: ["tracks.test"], siteRoot, ...served });
  const nginx = new Nginx(
    "nginx",
    { host, sitesOwner: user, openPorts: [80], sites: [site] },
    system,
  );
  new Logrotate("nginx-logs", { host, ...nginx.rotation, createGroup: deployer.group }, system);
  const django = new DjangoApp(
    "app",
    {
      host,
      app: "tracks",
      siteRoot,
      user,
      production,
      allowedHosts: ["tracks.test"],
      source: { kind: "folder", archive: { path: "/a.tar", sha256: digest, bytes: 1 } },
      ...(postgres && { postgresql: postgres.connection }),
      uwsgi,
      nginx,
      ...app,
    },
    system,
  );
  const dump = { path: "/nowhere/old.json", sha256: digest, bytes: 17 };
  const migration = new DataMigration("old-data", { host, dump, app: django });
  const service = new UwsgiService("uwsgi", { host, uwsgi, app: django, migration }, system);
  new Logrotate("uwsgi-logs", { host, ...uwsgi.rotation }, { dependsOn: [packages, service] });
}

/** What the mocks make of a secret. */
interface Wrapped {
  value: string;
}

const isSecret = (value: unknown): value is Wrapped =>
  typeof value === "object" && value !== null && "value" in value;

/** A resource in lines; "secret" stands where Pulumi keeps a value encrypted. */
function described(resource: Registered): string {
  return resource.type === "command:remote:Command"
    ? describedCommand(resource)
    : describedResource(resource);
}

/** What the host is asked to bring about, without the lines of files, and without its own script. */
function describedCommand({ name, inputs }: Registered): string {
  if (name === "host-script") return name;
  const { create, delete: remove, stdin } = inputs as Record<string, unknown>;
  const text = isSecret(stdin) ? stdin.value : (stdin as string);
  const lines = text.split("\n").filter((line) => !/^\||^$/.test(line));
  return [
    `${name}${isSecret(stdin) ? ", secret" : ""}${remove === undefined ? ", no delete" : ""}`,
    ...[create, ...lines.slice(1, -1)].map((line) => `  ${String(line)}`),
  ].join("\n");
}

function describedResource({ type, name, inputs }: Registered): string {
  const shown = Object.entries(inputs).map(([key, value]) =>
    key === "connection"
      ? `  ${key}`
      : `  ${key}: ${isSecret(value) ? "secret" : JSON.stringify(value)}`,
  );
  const kept = retained.get(name) === true ? ", stays after destroy" : "";
  return [`${type} ${name}${kept}`, ...shown].join("\n");
}

async function sent(): Promise<string> {
  await engine.settled();
  const resources = engine.registered.filter(
    ({ type }) => !type.startsWith("tracks:") && !type.startsWith("pulumi:pulumi:Stack"),
  );
  return `${resources.map(described).sort().join("\n\n")}\n`;
}

/**
 * Files below manifests/ show what travels to a host: their difference is what a change of a component does there,
 * such as another file mode, or a secret that is none any more. `npm run test:unit -- FILE --update` writes them.
 */
describe("a whole site", () => {
  it("with a database of its own, from a folder", async () => {
    makeSite({}, { password: pulumi.secret("password-of-database") });
    await expect(await sent()).toMatchFileSnapshot("manifests/ownDatabase.txt");
  });

  it("with a database elsewhere, by a certificate, from git by a key", async () => {
    const external = {
      host: "db.example.org",
      port: 5433,
      adminUser: "boss",
      sslMode: "verify-full",
      adminPassword: pulumi.secret("password-of-boss"),
      authorities: "-----BEGIN CERTIFICATE-----\n",
    } as const;
    const source = {
      kind: "git",
      url: "git@git.test:tracks.git",
      commit: pulumi.output("abcdef0123456789abcdef0123456789abcdef01"),
      deployKey: pulumi.secret("-----BEGIN KEY-----\nkey-of-git\n"),
      hostKey: { server: "git.test", key: "ssh-ed25519 AAAA" },
    } as const;
    makeSite({ source }, { external });
    await expect(await sent()).toMatchFileSnapshot("manifests/databaseElsewhere.txt");
    const settings = (await engine.command("app-settings")).inputs.stdin as unknown as Wrapped;
    expect(settings.value).toMatch(/sslmode=u"verify-full", sslrootcert=u"\/microarray\//);
  });

  it("with an sqlite file", async () => {
    makeSite({ production: false });
    await expect(await sent()).toMatchFileSnapshot("manifests/sqlite.txt");
  });
});
