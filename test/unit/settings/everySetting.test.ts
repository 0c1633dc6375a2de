import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it, vi } from "vitest";
import type { StackConfig } from "../../../settings/configuration";
import { type KeyName, keyNames } from "../../../settings/schema";
import type { HostFacts } from "../../../host/facts";
import { parsePublicKey } from "../../../host/ssh/publicKey";
import program from "../../../index";
import type * as database from "../../../preflight/database/plan";
import { authority } from "./certificates";
import { check, errorFor, folder, hostKey } from "./configuration";
import { ed25519KeyPair } from "../host/ed25519";

const given = vi.hoisted(() => ({
  configuration: undefined as StackConfig | undefined,
  facts: undefined as HostFacts | undefined,
}));
vi.mock("../../../settings/configuration", async (original) => ({
  ...(await original<object>()),
  loadConfiguration: () => given.configuration,
}));
vi.mock("../../../preflight/host/examineHost", () => ({
  examineHost: () => Promise.resolve(given.facts),
}));
// No server is asked, and no tunnel opened.
vi.mock("../../../preflight/database/plan", async (original) => {
  const actual = await original<typeof database>();
  const planPostgres: typeof database.planPostgres = (connection, _facts, ...more) =>
    actual.planPostgres(connection, undefined, ...more);
  return { ...actual, planPostgres };
});

/** Settings as a stack's file has them; an undefined one is left out. */
type Settings = Record<string, string | undefined>;

interface Case {
  /** The setting as given. */
  readonly value: string;
  /** What else is set, beside the minimal settings, with and without it. @default nothing */
  readonly beside?: Settings;
  /** What is left out when it is given. @default nothing */
  readonly instead?: Settings;
  /** What the program's resources have then, each of it, and none of it without the setting. */
  readonly shows: readonly (RegExp | string)[];
}

const other = ed25519KeyPair();
const locked = ed25519KeyPair("open sesame");
const fingerprint = parsePublicKey(other.public)?.fingerprint ?? "";
const hostLine = parsePublicKey(other.public)?.line ?? "";
/** A line of a private key that only this one has. */
const innerLine = (key: string): string => key.trim().split("\n").at(-2) ?? "";
writeFileSync(join(folder, "other"), other.private);
writeFileSync(join(folder, "authority.pem"), authority);
writeFileSync(join(folder, "old.json"), "[{}]");
cpSync(join(__dirname, "../../../dev/sample/tracks"), join(folder, "site"), { recursive: true });

const site = { production: "false", sourceFolder: "site" };
const production = { sourceFolder: "site" };
const git = { production: "false", sourceUrl: "https://git.example.org/tracks.git" };
const overSsh = {
  production: "false",
  sourceUrl: "ssh://git@git.example.org/tracks.git",
  sourceHostKey: hostKey,
};
const elsewhere = {
  ...production,
  // A generated one is known after a preview only, and all that has it.
  databasePassword: "db-secret",
  postgresHost: "db.example.org",
  postgresAdminUser: "chief",
  postgresAdminPassword: "admin-secret",
};
const bastion = { bastionHost: "bastion.example.org", bastionHostKey: hostKey };
const migration = { ...site, migrationDump: "old.json" };
const deployerKey = `from="192.0.2.7",no-pty ${other.public.trim()} you@example.org`;

/** One for each key of the schema: the compiler holds that none is missing. */
const cases: Record<Exclude<KeyName, "rehearsal">, Case | readonly Case[]> = {
  host: { value: "other.example.org", shows: ['"host": "other.example.org"'] },
  hostPort: { value: "2222", shows: ['"port": 2222'] },
  hostUser: {
    value: "admin",
    shows: ['"user": "admin"', /"create": "sudo -n \/usr\/local/, "admin key SHA"],
  },
  sudoPassword: {
    value: "sudo-secret",
    beside: { hostUser: "admin" },
    shows: [/"create": "sudo -k -S -p '' \/usr/, "sudo-secret"],
  },
  hostKey: { value: other.public, shows: [hostLine] },
  privateKeyFile: { value: "other", shows: [`root key ${fingerprint}`, innerLine(other.private)] },
  privateKey: {
    value: other.private,
    instead: { privateKeyFile: undefined },
    shows: [`root key ${fingerprint}`, innerLine(other.private)],
  },
  privateKeyPassphrase: {
    value: "open sesame",
    instead: { privateKeyFile: undefined, privateKey: locked.private },
    shows: ['"privateKeyPassword": "open sesame"'],
  },
  agent: { value: "true", instead: { privateKeyFile: undefined }, shows: ["root agent"] },
  agentSocketPath: {
    value: "/run/agent",
    instead: { privateKeyFile: undefined },
    shows: ["root agent", '"agentSocketPath": "/run/agent"'],
  },
  bastionHost: {
    value: "bastion.example.org",
    instead: { bastionHostKey: hostKey },
    shows: [/"proxy": \{[^}]*"host": "bastion\.example\.org"/],
  },
  bastionPort: { value: "2222", beside: bastion, shows: [/"proxy": \{[^}]*"port": 2222/] },
  bastionUser: { value: "jump", beside: bastion, shows: [/"proxy": \{[^}]*"user": "jump"/] },
  bastionHostKey: { value: other.public, beside: bastion, shows: [hostLine] },
  bastionPrivateKeyFile: {
    value: "other",
    beside: bastion,
    shows: [innerLine(other.private)],
  },
  bastionPrivateKey: { value: other.private, beside: bastion, shows: [innerLine(other.private)] },
  bastionPrivateKeyPassphrase: {
    value: "open sesame",
    beside: bastion,
    instead: { bastionPrivateKey: locked.private },
    shows: [/"proxy": \{[^}]*"privateKeyPassword": "open sesame"/],
  },

  extraPackages: [
    { value: '["tmux"]', shows: [/^package tmux$/m] },
    { value: '["nano|vim-enhanced"]', shows: [/^package nano vim-enhanced$/m] },
  ],
  moduleStreams: { value: '["nginx:1.24"]', shows: [/^module nginx:1\.24$/m] },
  yumRepositories: [
    {
      value: JSON.stringify([
        {
          id: "one",
          name: "The one",
          baseurl: "https://mirror.example.org/one/",
          enabled: false,
          gpgcheck: false,
          gpgkey: "file:///etc/pki/one",
          priority: 7,
          moduleHotfixes: true,
          proxy: "http://proxy.example.org:1",
        },
      ]),
      shows: [
        ...["[one]", "name=The one", "baseurl=https://mirror.example.org/one/", "enabled=0"],
        ...["gpgcheck=0", "gpgkey=file:///etc/pki/one", "priority=7", "module_hotfixes=1"],
        "proxy=http://proxy.example.org:1",
      ],
    },
    {
      value: '[{"id":"two","mirrorlist":"https://mirror.example.org/list"}]',
      shows: ["mirrorlist=https://mirror.example.org/list", "enabled=1", "gpgcheck=1"],
    },
    {
      value: '[{"id":"three","metalink":"https://mirror.example.org/meta"}]',
      shows: ["metalink=https://mirror.example.org/meta"],
    },
  ],
  yumProxy: { value: "http://proxy.example.org:3128", shows: ["http://proxy.example.org:3128"] },
  pipIndexUrl: {
    value: "https://pip.example.org/simple",
    shows: ["index-url = https://pip.example.org/simple"],
  },
  pipProxy: { value: "http://proxy.example.org:1", shows: ["proxy = http://proxy.example.org:1"] },
  pipTrustedHost: {
    value: "pip.example.org:8443",
    shows: ["trusted-host = pip.example.org:8443"],
  },
  deployerUser: {
    value: "painter",
    shows: [
      /^user painter home=\/home\/painter shell=/m,
      /^file \/etc\/sudoers\.d\/tracks-painter .*mode=0440/m,
    ],
  },
  deployerPassword: { value: "battery staple", shows: ["battery staple"] },
  deployerHome: { value: "/srv/painter", shows: [/^user deployer home=\/srv\/painter /m] },
  deployerShell: { value: "/bin/zsh", shows: [/^user deployer .*shell=\/bin\/zsh/m] },
  deployerAuthorizedKeys: {
    value: JSON.stringify([deployerKey, other.public.trim()]),
    shows: [
      /^directory \/home\/deployer\/\.ssh owner=deployer .*mode=0700/m,
      /^file \/home\/deployer\/\.ssh\/authorized_keys owner=deployer .*mode=0600/m,
      `| ${deployerKey}\n| ${other.public.trim()}\n`,
    ],
  },

  workerProcesses: { value: "3", shows: ["worker_processes 3;"] },
  workerConnections: { value: "77", shows: ["worker_connections 77;"] },
  clientMaxBodySizeMegabytes: { value: "77", shows: ["client_max_body_size 77m;"] },
  sitesOwner: {
    value: "root",
    shows: [/^file \/etc\/nginx\/sites-available\/tracks owner=root /m],
  },
  openFirewall: { value: "false", shows: [/^(?![^]*firewall-port)/] },
  siteName: {
    value: "roasted",
    shows: [
      /^file \/etc\/nginx\/sites-available\/roasted /m,
      "/etc/nginx/logs/domains/roasted/log",
    ],
  },
  serverNames: {
    value: '["a.example.org","*.b.example.org"]',
    shows: ["server_name a.example.org *.b.example.org;"],
  },
  listenPort: { value: "8080", shows: ["firewall-port tcp 8080", /listen 8080/] },
  defaultServer: { value: "false", shows: [/listen 80;/] },
  siteRoot: { value: "/srv/site", shows: ["/srv/site/robots/robots.txt"] },
  siteSnippet: { value: "client_body_timeout 31s;", shows: ["client_body_timeout 31s;"] },
  robotsRules: {
    value: '["# by hand","User-agent: Roast","Disallow:"]',
    shows: ["| # by hand\n| User-agent: Roast\n| Disallow:\n"],
  },
  logrotateFrequency: { value: "weekly", shows: [/\bweekly$/m] },
  logrotateCount: { value: "7", shows: [/\brotate 7$/m] },
  logrotateMaxSizeMegabytes: { value: "77", shows: ["maxsize 77M"] },

  production: {
    value: "false",
    beside: production,
    shows: [/^(?![^]*PRODUCTION=1)(?![^]*postgresql:index)/, "django.db.backends.sqlite3"],
  },
  sourceFolder: {
    value: "site",
    beside: { production: "false" },
    shows: [/^release \/microarray\/.*archive=/m],
  },
  sourceUrl: {
    value: git.sourceUrl,
    beside: { production: "false" },
    shows: [/^release .*git=https:\/\/git\.example\.org\/tracks\.git commit=a{40}/m],
  },
  sourceRef: { value: "v2.1", beside: git, shows: [/commit=b{40}/] },
  sourceDeployKey: {
    value: other.private,
    beside: overSsh,
    shows: [/^deploy-key /m, innerLine(other.private)],
  },
  sourceHostKey: { value: other.public, beside: overSsh, shows: [hostLine] },
  appPackage: {
    value: "roasted",
    beside: { ...git },
    shows: ["roasted/wsgi.py"],
  },
  settingsModule: { value: "tracks.settings.dev", beside: git, shows: ["tracks/settings/dev"] },
  pythonInterpreter: {
    value: "/usr/bin/python3.11",
    beside: site,
    shows: [/^pip-package uwsgi .*\/usr\/bin\/python3\.11/m],
  },
  requirementsFile: { value: "requirements/all.txt", beside: git, shows: ["requirements/all.txt"] },
  extraRequirements: {
    value: '["sentry-sdk==2.19.2"]',
    beside: site,
    shows: ["sentry-sdk==2.19.2"],
  },
  djangoSecretKey: { value: "key-of-django", beside: site, shows: ["key-of-django"] },
  allowedHosts: {
    value: '["tracks.stowers.org","*.roast.org"]',
    beside: site,
    shows: [/ALLOWED_HOSTS = .*tracks\.stowers\.org.*"\.roast\.org"/],
  },
  healthCheckPath: { value: "/healthz/", beside: site, shows: ["/healthz/"] },
  keptReleases: { value: "9", beside: site, shows: [/\bkeep=9\b/] },

  migrationDump: { value: "old.json", beside: site, shows: [/^data-load .*old-data/m] },
  migrationRenames: { value: '["a.b:c.d"]', beside: migration, shows: [/^\| rename a\.b c\.d$/m] },
  migrationSkippedModels: { value: '["a.b"]', beside: migration, shows: [/skip.*a\.b/] },
  migrationConfirm: {
    value: "c".repeat(64),
    beside: migration,
    shows: [`confirm=${"c".repeat(64)}`],
  },

  uwsgiVersion: { value: "2.0.30", beside: site, shows: [/^pip-package uwsgi 2\.0\.30 /m] },
  uwsgiSocket: {
    value: "127.0.0.1:8111",
    beside: site,
    shows: ["uwsgi_pass 127.0.0.1:8111;", /^\| (?:ListenStream|socket).*127\.0\.0\.1:8111/m],
  },
  uwsgiProcesses: { value: "7", beside: site, shows: [/^\| processes = 7$/m] },
  uwsgiHarakiriSeconds: { value: "77", beside: site, shows: [/^\| harakiri = 77$/m] },
  uwsgiBufferSize: { value: "7777", beside: site, shows: [/^\| buffer-size = 7777$/m] },
  uwsgiListenQueue: { value: "77", beside: site, shows: [/^\| listen = 77$/m] },
  uwsgiStats: { value: "127.0.0.1:9999", beside: site, shows: [/^\| stats = 127\.0\.0\.1:9999$/m] },
  uwsgiLog: {
    value: "/var/log/roast.log",
    beside: site,
    shows: [/^\| logto = \/var\/log\/roast\.log$/m],
  },
  uwsgiPidFile: { value: "/run/roast/u.pid", beside: site, shows: ["/run/roast/u.pid"] },
  uwsgiGroup: { value: "roasters", beside: site, shows: [/^\| gid = roasters$/m] },
  uwsgiEnvironment: {
    value: '["TZ=Europe/Berlin","MOTTO=two words"]',
    beside: site,
    shows: ["TZ=Europe/Berlin", "MOTTO=two words"],
  },
  uwsgiOptions: {
    value: '["max-requests = 5000"]',
    beside: site,
    shows: [/^\| max-requests = 5000$/m],
  },

  postgresVersion: { value: "16", beside: production, shows: ["postgresql:16"] },
  postgresBinaries: {
    value: "/usr/local/pgsql/bin",
    beside: production,
    shows: [/binaries=\/usr\/local\/pgsql\/bin/],
  },
  postgresPackages: [
    {
      value: '["postgresql15-server|pgserver"]',
      beside: production,
      shows: [/^package postgresql15-server pgserver$/m],
    },
    { value: "[]", beside: production, shows: [/^(?![^]*package postgresql-server)/] },
  ],
  postgresService: { value: "postgresql-15", beside: production, shows: ["postgresql-15"] },
  postgresDataDirectory: { value: "/srv/pgdata", beside: production, shows: ["/srv/pgdata"] },
  postgresProvisioner: {
    value: "psql",
    beside: { ...production, databasePassword: "db-secret" },
    shows: [/^postgresql-role deployer/m],
  },
  postgresTunnelPort: { value: "15432", beside: production, shows: [/"port": "?15432/] },
  databaseName: { value: "roast", beside: production, shows: [/"name": "roast"/] },
  databaseUser: { value: "roaster", beside: production, shows: [/"name": "roaster"/] },
  databasePassword: { value: "db-secret", beside: production, shows: ["db-secret"] },
  postgresHost: {
    value: "db.example.org",
    beside: production,
    instead: { postgresAdminUser: "chief", postgresAdminPassword: "admin-secret" },
    shows: ["db.example.org"],
  },
  postgresPort: { value: "5433", beside: production, shows: ["5433"] },
  postgresAdminUser: { value: "boss", beside: elsewhere, shows: [/"username": "boss"/] },
  postgresAdminPassword: { value: "boss-secret", beside: elsewhere, shows: ["boss-secret"] },
  postgresSslMode: {
    value: "verify-full",
    beside: { ...elsewhere, postgresCaFile: "authority.pem", postgresSslMode: "verify-ca" },
    shows: ["verify-full"],
  },
  postgresCaFile: {
    value: "authority.pem",
    beside: elsewhere,
    instead: { postgresSslMode: "verify-ca" },
    shows: [authority.split("\n")[1] ?? ""],
  },
};

/** How the program gets to the host, or to the database's server: it does the same there by any way. */
const ways: ReadonlySet<string> = new Set<KeyName>([
  ...(["hostUser", "sudoPassword"] as const),
  ...(["bastionHost", "bastionPort", "bastionUser", "bastionHostKey"] as const),
  ...(["postgresTunnelPort", "postgresAdminUser", "postgresAdminPassword"] as const),
]);

const secrets = keyNames.filter((name) =>
  /password|passphrase|privateKey$|DeployKey|SecretKey/i.test(name),
);

/** Outputs of the last program. */
let outputs: Record<string, unknown> = {};

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: { readonly stdin?: unknown };
}

interface Previewed {
  /** What the provider gets of all that the program registers. */
  readonly resources: string;
  /** The plan file. */
  readonly plan: string;
}

/** Previews by settings: many cases begin with the same ones. */
const known = new Map<string, Promise<Previewed>>();

function previewed(settings: Settings): Promise<Previewed> {
  const key = JSON.stringify(settings);
  const texts = known.get(key) ?? previewedTexts(settings);
  known.set(key, texts);
  return texts;
}

async function previewedTexts(settings: Settings): Promise<Previewed> {
  const file = join(folder, "plan.txt");
  process.env["TRACKS_PLAN_OUT"] = file;
  // A preview that could not reach the host writes none.
  const registered = await preview(settings, nothingThere);
  delete process.env["TRACKS_PLAN_OUT"];
  return { resources: providerInputs(registered), plan: readFileSync(file, "utf8") };
}

function providerInputs(registered: readonly Registered[]): string {
  return registered
    .filter(({ type }) => !type.startsWith("tracks:"))
    .map(({ type, name, inputs }) => `${type} ${name} ${JSON.stringify(inputs, null, 1)}`)
    .sort()
    .join("\n")
    .replaceAll("\\n", "\n")
    .replaceAll('\\"', '"');
}

/** All that the program registers in a preview with these settings. */
async function preview(settings: Settings, facts?: HostFacts): Promise<Registered[]> {
  const { configuration } = check(settings, { secret: secrets });
  given.configuration = configuration;
  const commit = (
    configuration.application?.django.source.kind === "git" &&
    configuration.application.django.source.repository.ref === "main"
      ? "a"
      : "b"
  ).repeat(40);
  given.facts = settings["sourceUrl"] === undefined ? facts : { ...nothingThere, commit };
  const registered: Registered[] = [];
  const newResource = ({ type, name, inputs }: pulumi.runtime.MockResourceArgs) => {
    // Its text has all words of a manifest, and the same in every run.
    if (name === "host-script") delete (inputs as { stdin?: string }).stdin;
    registered.push({ type, name, inputs: inputs as object });
    return { id: name, state: inputs as object };
  };
  void pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "tracks", "test", true);
  outputs = await (program as unknown as () => Promise<Record<string, unknown>>)();
  await pulumi.runtime.disconnect();
  return registered;
}

const nothingThere: HostFacts = {
  distribution: "",
  facts: new Map(),
  problems: [],
  resources: new Map(),
};

describe("each setting changes what reaches the host, and the plan", () => {
  const table = Object.entries(cases).flatMap(([name, one]) =>
    [one].flat().map((each): [string, Case] => [name, each]),
  );

  it.each(table)("%s", async (name, { value, beside = {}, instead = {}, shows }) => {
    const [before, after] = [
      await previewed(beside),
      await previewed({ ...beside, ...instead, [name]: value }),
    ];
    for (const what of shows) {
      expect(after.resources).toMatch(what);
      expect(before.resources).not.toMatch(what);
    }
    // So that up refuses a setting that was changed after the preview.
    if (ways.has(name)) expect(after.plan).toBe(before.plan);
    else expect(after.plan).not.toBe(before.plan);
  });

  it("while each file that is not root's, or not for all to read, has its owner and mode", async () => {
    const { resources: text } = await previewed({
      ...elsewhere,
      postgresSslMode: "verify-ca",
      postgresCaFile: "authority.pem",
      djangoSecretKey: "key-of-django",
      deployerAuthorizedKeys: JSON.stringify([deployerKey]),
      yumRepositories: '[{"id":"two","mirrorlist":"https://mirror.example.org/list"}]',
      pipProxy: "http://proxy.example.org:1",
    });
    const lines = text.matchAll(/^(?:file|directory) (\S+) owner=(.+?) mode=(\d+)/gm);
    const modes = [...lines].map(([, path = "", owner = "", mode = ""]) => [
      path,
      `${owner} ${mode}`,
    ]);
    const special = modes.filter(([, mode = ""]) => !/^root group=root 0(?:644|755)$/.test(mode));
    expect(Object.fromEntries(special) as object).toEqual({
      "/etc/nginx/sites-available": "deployer 0755",
      "/etc/nginx/sites-available/tracks": "deployer 0644",
      "/etc/nginx/sites-enabled": "deployer 0755",
      "/etc/sudoers.d/tracks-deployer": "root group=root 0440",
      "/home/deployer/.ssh": "deployer 0700",
      "/home/deployer/.ssh/authorized_keys": "deployer 0600",
      "/home/deployer/venvs": "deployer 0755",
      "/microarray/backups/tracks": "deployer 0700",
      "/microarray/releases/tracks": "deployer 0755",
      "/microarray/shared/tracks": "deployer 0711",
      "/microarray/shared/tracks/local.py": "deployer 0400",
      "/microarray/shared/tracks/media": "deployer 0755",
      "/microarray/shared/tracks/postgresql-ca.pem": "deployer 0444",
    });
  });

  it("rehearsal, which refuses every host but the lab's", () => {
    expect(errorFor({ rehearsal: "true" }).message).toContain(
      "a rehearsal never touches another host",
    );
  });

  it("and none is left out", () => {
    expect([...Object.keys(cases), "rehearsal"].sort()).toEqual([...keyNames].sort());
  });
});

it("the program has no output without a value, which Pulumi warns about", async () => {
  for (const settings of [{}, site, migration]) {
    await preview(settings);
    expect(Object.entries(outputs).filter(([, value]) => value === undefined)).toEqual([]);
  }
  expect(outputs).toHaveProperty("migratedRows");
});

describe("a component", () => {
  const settings = {
    ...migration,
    djangoSecretKey: "key-of-django",
    databasePassword: "hush-hush",
    deployerPassword: "sesame-open",
  };
  const described = async (facts?: HostFacts) =>
    (await preview(settings, facts))
      .filter(({ type }) => type.startsWith("tracks:"))
      .map(({ type, name, inputs }) => `${type} ${name} ${JSON.stringify(inputs)}`)
      .sort();

  it("shows its inputs, and neither a secret nor a fact of the host", async () => {
    const unknown = await described();
    expect(unknown.join("\n")).toMatch(/NginxSite tracks .*"listenPort":80/);
    expect(unknown.join("\n")).not.toMatch(/key-of-django|hush-hush|sesame-open/);
    const facts = new Map([
      ["init", "systemd"],
      ["os-version", "9.4"],
    ]);
    expect(await described({ ...nothingThere, distribution: "CentOS Stream 9", facts })).toEqual(
      unknown,
    );
  });
});

it("in a preview only the commands that wait for a generated password have an unknown text", async () => {
  const commands = (await preview(production)).filter(({ type }) => type.endsWith(":Command"));
  // The script's own text is left out of what is looked at.
  const open = commands.filter(({ name, inputs }) => name !== "host-script" && !isKnown(inputs));
  expect(open.map(({ name }) => name).sort()).toEqual(["app-settings", "database-provisioning"]);
  expect(commands.length).toBeGreaterThan(10);
});

function isKnown({ stdin }: Registered["inputs"]): boolean {
  return typeof stdin === "string" || typeof (stdin as { value?: unknown }).value === "string";
}
