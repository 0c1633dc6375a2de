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
import { ownServer } from "../../../components/postgres/resolve";
import { MockedEngine, type Registered } from "../mockedEngine";
import { rootConnection } from "../rootConnection";

const engine = new MockedEngine(({ inputs }) => ({ ...inputs, result: "generated" }));

/** What the mocks don't tell of each resource: its options, by its name with its class. */
const options = new Map<string, pulumi.CustomResourceOptions>();
const names = new Map<unknown, string>();

beforeEach(async () => {
  await engine.clear();
  options.clear();
  names.clear();
});

const digest = "0123456789ab".padEnd(64, "f");
const siteRoot = "/microarray";
const user = "deployer";
const production = true;

/** Such as `app (DjangoApp)` for a component, and `app` for its command on the host. */
function fullName(type: string, name: string): string {
  return type === "command:remote:Command" ? name : `${name} (${type.replace(/^.*:/, "")})`;
}

const noteOptions: pulumi.ResourceTransformation = ({ resource, type, name, opts }) => {
  names.set(resource, fullName(type, name));
  options.set(fullName(type, name), opts);
  return undefined;
};

/** Options of a component, and of all that it registers. */
const noted = (
  ...dependsOn: readonly (pulumi.Resource | undefined)[]
): pulumi.ComponentResourceOptions => ({
  dependsOn: dependsOn.filter((resource) => resource !== undefined),
  transformations: [noteOptions],
});

/** A site as index.ts makes it. */
function makeSite(app: Partial<DjangoAppArgs>, database?: Partial<PostgresDatabaseArgs>): void {
  const host = new Host("host", { connection: rootConnection }, noted());
  const packages = new SystemPackages(
    "packages",
    {
      host,
      yumRepositories: [{ id: "extra", baseurl: "https://packages.example.org/", gpgcheck: true }],
      pip: { indexUrl: "https://pip.example.org/simple" },
      ...(database && { server: ownServer(database) }),
    },
    noted(),
  );
  const deployer = new LinuxUser(
    "deployer",
    {
      host,
      user,
      password: pulumi.secret("password-of-deployer"),
      authorizedKeys: [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3hC0yqcJq0fMmRMw0Kq0CyQ2sXrM9xkJ6o0l8n2Q0p deployer",
      ],
      services: ["nginx", "uwsgi"],
    },
    noted(),
  );
  const installed = () => noted(packages);
  const system = () => noted(packages, deployer.account);
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
      installed(),
    );
  const uwsgi = new Uwsgi(
    "uwsgi",
    { host, siteRoot, user, production, application: "tracks", startsAfter: postgres?.services },
    installed(),
  );
  const robots = new RobotsTxt(
    "robots",
    { host, path: "/microarray/robots/robots.txt" },
    installed(),
  );
  const served = { application: uwsgi, locations: [robots] };
  const site = new NginxSite(
    "tracks",
    { serverNames: ["tracks.test"], siteRoot, ...served },
    noted(),
  );
  const nginx = new Nginx(
    "nginx",
    { host, sitesOwner: user, openPorts: [80], sites: [site] },
    system(),
  );
  new Logrotate("nginx-logs", { host, ...nginx.rotation, createGroup: deployer.group }, system());
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
    system(),
  );
  const dump = { path: "/nowhere/old.json", sha256: digest, bytes: 17 };
  const migration = new DataMigration("old-data", { host, dump, app: django }, noted());
  const service = new UwsgiService("uwsgi", { host, uwsgi, app: django, migration }, system());
  new Logrotate("uwsgi-logs", { host, ...uwsgi.rotation }, noted(packages, service));
}

/** What the mocks make of a secret. */
interface Wrapped {
  value: string;
}

const isSecret = (value: unknown): value is Wrapped =>
  typeof value === "object" && value !== null && "value" in value;

/** A resource in lines; "secret" stands where Pulumi keeps a value encrypted. */
async function described(resource: Registered): Promise<string> {
  const { type, name, inputs } = resource;
  const full = fullName(type, name);
  if (name === "host-script") return full;
  const opts = options.get(full) ?? {};
  return type === "command:remote:Command"
    ? [...describedCommand(full, inputs), ...(await describedOptions(opts))].join("\n")
    : [full, ...describedInputs(inputs), ...(await describedOptions(opts))].join("\n");
}

/** What the host is asked to bring about, without the lines of files, and without its own script. */
function describedCommand(name: string, inputs: Registered["inputs"]): string[] {
  const { create, delete: remove, stdin } = inputs;
  const text = (isSecret(stdin) ? stdin.value : stdin) ?? "";
  const lines = text.split("\n").filter((line) => !/^\||^$/.test(line));
  return [
    `${name}${isSecret(stdin) ? ", secret" : ""}${remove === undefined ? ", no delete" : ""}`,
    ...[create as string, ...lines.slice(1, -1)].map((line) => `  ${line}`),
  ];
}

function describedInputs(inputs: object): string[] {
  return Object.entries(inputs).map(([key, value]) =>
    key === "connection"
      ? `  ${key}`
      : `  ${key}: ${isSecret(value) ? "secret" : JSON.stringify(value)}`,
  );
}

async function describedOptions(opts: pulumi.CustomResourceOptions): Promise<string[]> {
  const { dependsOn = [], ignoreChanges = [], retainOnDelete, import: id } = opts;
  const resources = await new Promise((resolve) => {
    pulumi.output(dependsOn).apply(resolve);
  });
  const before = [resources]
    .flat()
    .map((resource) => names.get(resource) ?? "a resource without a name");
  return [
    ...(before.length === 0 ? [] : [`  after: ${before.sort().join(", ")}`]),
    ...(ignoreChanges.length === 0 ? [] : [`  ignores changes of: ${ignoreChanges.join(", ")}`]),
    ...(id === undefined ? [] : [`  adopts: ${id}`]),
    ...(retainOnDelete === true ? ["  stays after destroy"] : []),
  ];
}

async function sent(): Promise<string> {
  await engine.settled();
  const resources = engine.registered.filter(
    ({ type }) => type !== "tracks:index:Host" && !type.startsWith("pulumi:pulumi:Stack"),
  );
  return `${(await Promise.all(resources.map(described))).sort().join("\n\n")}\n`;
}

/**
 * Files below manifests/ show what travels to a host: their difference is what a change of a component does there,
 * such as another file mode, another order, or a secret that is none any more. `npm run test:unit -- FILE --update` writes them.
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

  it("with an old database, which psql makes", async () => {
    makeSite({ port: 8080 }, { version: "9.2", moduleStream: false, found: undefined });
    await expect(await sent()).toMatchFileSnapshot("manifests/oldDatabase.txt");
  });

  it("with an sqlite file", async () => {
    makeSite({ production: false });
    await expect(await sent()).toMatchFileSnapshot("manifests/sqlite.txt");
  });
});
