import { cpSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from "vitest";
import type { Difference } from "../../../../host/difference";
import type { AppliedResource, HostFacts } from "../../../../host/facts";
import { warningOf } from "../../../../host/problem";
import program from "../../../../index";
import type { StackConfig } from "../../../../settings/configuration";
import { temporaryFolder } from "../../../temporaryFolder";
import { ed25519KeyPair } from "../../host/ed25519";
import { check, folder, identity } from "../../settings/configuration";

const given = vi.hoisted(() => ({
  configuration: undefined as StackConfig | undefined,
  facts: undefined as HostFacts | undefined,
}));
vi.mock("../../../../settings/configuration", async (original) => ({
  ...(await original<object>()),
  loadConfiguration: () => given.configuration,
}));
vi.mock("../../../../preflight/host/examineHost", () => ({
  examineHost: () => Promise.resolve(given.facts),
}));

const source = join(folder, "site");
cpSync(join(__dirname, "../../../../dev/sample/tracks"), source, { recursive: true });
/** A static page; an application costs each run a second. */
const settings = {};
const application = { production: "false", sourceFolder: "site" };
const git = { production: "false", sourceUrl: "https://git.example.org/tracks.git" };

const facts: HostFacts = {
  distribution: "",
  facts: new Map([
    ["missing-packages", "none"],
    ["installed-script", "a".repeat(64)],
  ]),
  problems: [],
  resources: new Map(),
};

/** Registers the program's resources with a mocked engine, and returns their names and the warnings. */
async function run(
  isPreview: boolean,
  changes: Record<string, string | undefined>,
  found: HostFacts | undefined,
  secret: readonly string[] = ["deployerPassword", "djangoSecretKey"],
) {
  given.configuration = check(changes, { secret }).configuration;
  given.facts = found;
  const names: string[] = [];
  const newResource = ({ type, name, inputs }: pulumi.runtime.MockResourceArgs) => {
    names.push(`${type} ${name}`);
    const state = inputs as object;
    const isGenerated = !isPreview && type.startsWith("random:");
    return { id: name, state: isGenerated ? { ...state, result: "generated" } : state };
  };
  const warnings: string[] = [];
  const warn = vi.spyOn(pulumi.log, "warn").mockImplementation((text) => {
    warnings.push(text);
    return Promise.resolve();
  });
  void pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "tracks", "test", isPreview);
  try {
    await (program as unknown as () => Promise<unknown>)();
    await pulumi.runtime.disconnect();
  } catch (error) {
    expect(names).toEqual([]);
    throw error;
  } finally {
    warn.mockRestore();
  }
  return { names: names.sort(), warnings };
}

type Changes = Record<string, string | undefined>;

const plans = temporaryFolder("plans", afterAll);
let count = 0;

/** The plan that a preview writes, which is the plan of what runs next. */
async function plan(
  changes: Changes = settings,
  found = facts,
  secret?: readonly string[],
): Promise<string> {
  const file = join(plans, `plan${++count}.txt`);
  process.env["TRACKS_PLAN_OUT"] = file;
  await run(true, changes, found, secret);
  delete process.env["TRACKS_PLAN_OUT"];
  process.env["TRACKS_PLAN"] = file;
  return readFileSync(file, "utf8");
}

const up = (changes: Changes = settings, found: HostFacts = facts) => run(false, changes, found);

const changed = "2026-01-31T12:00:00.123456789Z";
const other: AppliedResource = { drift: [], manifest: [], repair: 0, via: undefined, changed };
const applied = (name: string, ...drift: Difference[]): HostFacts["resources"] =>
  new Map<string, AppliedResource>([
    ["other-000000", other],
    [name, { ...other, drift }],
  ]);

/** Has Pulumi name a setting as one that is encrypted in the stack's file, until the test ends. */
function encrypted(setting: string, value: string): void {
  const name = `tracks:${setting}`;
  process.env["PULUMI_CONFIG_SECRET_KEYS"] = JSON.stringify([name]);
  const config = vi.spyOn(pulumi.runtime, "allConfig").mockReturnValue({ [name]: value });
  onTestFinished(() => {
    delete process.env["PULUMI_CONFIG_SECRET_KEYS"];
    config.mockRestore();
  });
}

beforeEach(() => {
  delete process.env["TRACKS_PLAN"];
});
afterEach(() => {
  delete process.env["TRACKS_PLAN"];
  delete process.env["TRACKS_PLAN_OUT"];
});

describe("a plan", () => {
  it("is the same of two previews, and says what up would make of the host", async () => {
    const found: HostFacts = {
      ...facts,
      facts: new Map([...facts.facts, ["missing-packages", "nginx\ngcc or clang"]]),
      problems: [
        warningOf({ subject: "the user deployer exists" }),
        warningOf({ subject: "another server answers to tracks.test", reason: "/etc/a\n/etc/b" }),
      ],
      resources: applied(
        "nginx-123456",
        { name: "/etc/b", reason: "is missing" },
        { name: "/etc/a", reason: "content differs" },
      ),
    };
    const text = await plan(application, found);
    expect(await plan(application, { ...found, problems: [...found.problems].reverse() })).toBe(
      text,
    );
    expect(text).toMatch(
      /^tracks-plan 1 tracks\.test\nhost\n {2}address \S+\n {2}port 22\n {2}key SHA256:\S+\nrelease\n {2}[0-9a-f]{12}\n/,
    );
    expect(text).toMatch(
      /^applied before\n {2}script a{64}\n {2}nginx-123456 \[secret \w+\] 2026-\S+Z\n {2}other-000000 \[secret \w+\] 2026-\S+Z\n/m,
    );
    expect(text).toContain(
      [
        "drift",
        "  nginx-123456: /etc/a: content differs",
        "  nginx-123456: /etc/b: is missing",
        "conflicts",
        "  another server answers to tracks.test; reason: /etc/a; /etc/b",
        "  the user deployer exists",
        "missing packages",
        "  gcc or clang",
        "  nginx",
        "",
      ].join("\n"),
    );
    expect(text).toMatch(/^manifest nginx-[0-9a-f]{6}\n {2}subsystem nginx\n {2}\w/m);
    expect(text).toMatch(/^ {2}\|.*worker_connections +1024;$/m);
    expect(text).toMatch(/^program host-script\n {2}[0-9a-f]{64}$/m);
    const names = [...text.matchAll(/^manifest (\S+)$/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(8);
    expect(names).toEqual([...names].sort());
    // The login that applies it is no part of it.
    expect(text).not.toMatch(/via |root key/);
  });

  it("is a file for its owner alone", async () => {
    await plan();
    expect(statSync(process.env["TRACKS_PLAN"] ?? "").mode & 0o777).toBe(0o600);
  });

  it("leaves the program as it is", async () => {
    const without = await run(true, application, facts);
    process.env["TRACKS_PLAN_OUT"] = join(plans, `plan${++count}.txt`);
    expect(await run(true, application, facts)).toEqual(without);
    expect(without.names.length).toBeGreaterThan(20);
  });

  it("has no secret, whatever has it, and no name that another stack has", async () => {
    const secrets = {
      deployerPassword: "correct horse",
      djangoSecretKey: "key-of-django-with-more-than-32-characters",
      databasePassword: "database-secret",
      siteSnippet: "# snippet-token",
    };
    const changes = { sourceFolder: "site", ...secrets };
    encrypted("siteSnippet", secrets.siteSnippet);
    const text = await plan(changes, facts, Object.keys(secrets));
    const texts = [...Object.values(secrets), ...identity.private.split("\n")];
    for (const secret of texts.filter((line) => line.length > 4)) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret).toString("base64").slice(0, -4));
    }
    // Line by line, in the files that have them, and the other lines of a plain file as they are.
    expect(text).toMatch(/^ {2}password deployer\n {2}\| \[secret [0-9a-f]{32}\]$/m);
    expect(text).toMatch(/local\.py .*secret=yes.*\n(?: {2}\| \[secret [0-9a-f]{32}\]\n){10}/);
    expect(text).toMatch(/^ {2}\| +\[secret [0-9a-f]{32}\]$/m);
  });
});

describe("up with a plan", () => {
  let usual: string | undefined;
  beforeAll(async () => {
    await plan();
    usual = process.env["TRACKS_PLAN"];
  });
  const usePlan = () => {
    process.env["TRACKS_PLAN"] = usual;
  };

  it("deploys what was previewed", async () => {
    const without = await up();
    usePlan();
    expect(await up()).toEqual(without);
  });

  it.each<[what: string, changes: Changes, found: HostFacts, words: RegExp]>([
    [
      "a setting was changed",
      { ...settings, workerConnections: "2048" },
      facts,
      /manifest nginx-.*\n.*- \| +worker_connections 1024;\n.*\+ \| +worker_connections 2048;/,
    ],
    [
      "a secret was changed",
      { ...settings, deployerPassword: "another horse" },
      facts,
      /manifest deployer-password-.*\n.*- \| \[secret \w+\]\n.*\+ \| \[secret \w+\]\n/,
    ],
    [
      "the host drifted",
      settings,
      {
        ...facts,
        resources: applied("nginx-123456", { name: "/etc/a", reason: "content differs" }),
      },
      /drift\n.*\+ nginx-123456: \/etc\/a: content differs/,
    ],
    [
      "a conflict arose",
      settings,
      { ...facts, problems: [warningOf({ subject: "a second default server" })] },
      /conflicts\n.*\+ a second default server/,
    ],
    [
      "a package was removed",
      settings,
      { ...facts, facts: new Map([...facts.facts, ["missing-packages", "nginx"]]) },
      /missing packages\n.*\+ nginx/,
    ],
    [
      "another host was set",
      { ...settings, host: "other.example.org" },
      facts,
      /host\n.*- address tracks\.stowers\.org\n.*\+ address other\.example\.org/,
    ],
    [
      "somebody deployed something that would be removed",
      settings,
      { ...facts, resources: new Map([["more-123456", other]]) },
      /applied before\n.*\+ more-123456 \[secret \w+\]/,
    ],
    [
      "an application was added",
      application,
      facts,
      /release\n.*- none\n.*\+ \w{12}[^]*manifest app-\w{6}\n.*\+ \(not in the plan\)/,
    ],
  ])("refuses where %s, and registers nothing", async (_, changes, found, words) => {
    usePlan();
    const error = await up(changes, found).catch((reason: unknown) => reason);
    const message = String(error);
    expect(message).toMatch(/The host was not touched[^]*not the one of the preview/);
    expect(message).toMatch(words);
    expect(message).toMatch(/given: +TRACKS_PLAN, \/.*plan\d+\.txt\n/);
    expect(message).toMatch(/fix: +TRACKS_PLAN_OUT=\S+ pulumi preview/);
    expect(message).not.toMatch(/horse/);
  });

  it("refuses where somebody deployed something else, which it would take back", async () => {
    const resources = (line: string) => ({
      ...facts,
      resources: new Map([["nginx-123456", { ...other, manifest: ["subsystem nginx", line] }]]),
    });
    await plan(settings, resources("| worker_connections 1024;"));
    await up(settings, resources("| worker_connections 1024;"));
    await expect(up(settings, resources("| worker_connections 2048;"))).rejects.toThrow(
      /applied before\n.*- nginx-123456 \[secret \w+\] .*\n.*\+ nginx-123456 \[secret \w+\] /,
    );
  });

  /** A secret was changed and put back into the manifest that the host remembers: `[secret]`. */
  const rotated = new Map([
    ["nginx-123456", { ...other, changed: "2026-01-31T12:34:56.000000001Z" }],
  ]);
  const before = { ...facts, resources: new Map([["nginx-123456", other]]) };
  /** Settings of a stack without a secret of 32 characters. */
  const weak = {
    ...settings,
    djangoSecretKey: undefined,
    privateKeyFile: undefined,
    agent: "true",
  };

  it.each([
    ["", settings],
    [", also of a stack whose secrets have no names", weak],
  ])("refuses where somebody deployed only another secret since%s", async (_, changes) => {
    await plan(changes, before);
    await up(changes, before);
    await expect(up(changes, { ...facts, resources: rotated })).rejects.toThrow(
      /applied before\n.*- nginx-123456 .* 2026-01-31T12:00:00\.123456789Z\n.*\+ nginx-123456 .* 2026-01-31T12:34:56\.000000001Z/,
    );
  });

  it("refuses where somebody deployed only another host script since", async () => {
    await plan();
    const found = {
      ...facts,
      facts: new Map([...facts.facts, ["installed-script", "b".repeat(64)]]),
    };
    await expect(up(settings, found)).rejects.toThrow(
      /applied before\n.*- script a{64}\n.*\+ script b{64}/,
    );
  });

  it("compares what a former version's script told the preview", async () => {
    const former = (line: string): HostFacts => ({
      ...facts,
      facts: new Map([["missing-packages", "none"]]),
      resources: new Map([
        ["nginx-123456", { drift: [], manifest: [line], repair: 0, via: undefined }],
      ]),
    });
    await plan(settings, former("| worker_connections 1024;"));
    const now = (line: string): HostFacts => ({
      ...facts,
      resources: new Map([["nginx-123456", { ...other, manifest: [line] }]]),
    });
    await up(settings, now("| worker_connections 1024;"));
    await expect(up(settings, now("| worker_connections 2048;"))).rejects.toThrow(
      /applied before\n.*- nginx-123456 /,
    );
  });

  it("takes no line for one that matches anything because it ends like one", async () => {
    await plan({ ...settings, siteSnippet: "# [unknown]" });
    await expect(up({ ...settings, siteSnippet: "# something else" })).rejects.toThrow(
      /\[secret \w+\]\n.*\+ \| +# something else/,
    );
  });

  it("refuses another source, of a folder and of a repository", async () => {
    await plan(application);
    const file = join(source, "tracks/urls.py");
    const before = readFileSync(file, "utf8");
    onTestFinished(() => {
      writeFileSync(file, before);
    });
    writeFileSync(file, `${before}# edited\n`);
    await expect(up(application)).rejects.toThrow(/release\n.*- \w{12}\n.*\+ \w{12}/);

    await plan(git, { ...facts, commit: "a".repeat(40) });
    await up(git, { ...facts, commit: "a".repeat(40) });
    await expect(up(git, { ...facts, commit: "b".repeat(40) })).rejects.toThrow(
      /release\n.*- a{12}\n.*\+ b{12}/,
    );
  });

  it("takes whatever the preview could not know", async () => {
    // The login could not ask the git server; and nobody knows a generated password.
    const changes = { ...git, production: "true", postgresProvisioner: "psql" };
    const text = await plan(changes, { ...facts, facts: new Map() });
    expect(text).toContain("release\n  [unknown]\n");
    expect(text).toContain("missing packages\n  [unknown]\n");
    expect(text).toMatch(/^manifest app-source-\w{6}\n {2}\[unknown\]\n/m);
    await up(changes, { ...facts, commit: "a".repeat(40) });
  });

  it("has none of a preview that could not reach the host, not even a former one", async () => {
    await plan();
    const file = process.env["TRACKS_PLAN"] ?? "";
    process.env["TRACKS_PLAN_OUT"] = file;
    const { names, warnings } = await run(true, settings, undefined);
    expect(names.length).toBeGreaterThan(8);
    expect(warnings).toEqual([
      expect.stringMatching(/^This preview writes no plan\n {2}given: {3}TRACKS_PLAN_OUT, \//),
    ]);
    await expect(up()).rejects.toThrow(/ENOENT/);
  });

  it("knows the lines around a generated password", async () => {
    // A mocked engine does not end, and the tunnel of an earlier test stays open.
    const text = await plan({ sourceFolder: "site", postgresTunnelPort: "25699" });
    expect(text).toMatch(
      /^manifest database-provisioning-\w{6}\n(?: {2}.*\n)*? {2}\| \[unknown\]\n/m,
    );
    expect(text).toMatch(/^ {2}postgresql-role \S+ createdb=yes/m);
  });

  it("knows no secret by its name where each of the stack's could be guessed", async () => {
    expect(await plan(weak)).toMatch(/^ {2}password deployer\n {2}\| \[unknown\]$/m);
    await up({ ...weak, deployerPassword: "another horse" });
  });

  it("names no secret by a long setting that is encrypted, and could be guessed", async () => {
    const name = "a-name-that-everybody-knows.example.org";
    encrypted("serverNames", JSON.stringify([name, "pin.example.org"]));
    expect(await plan(weak)).toMatch(/^ {2}password deployer\n {2}\| \[unknown\]$/m);
  });

  it("says so where another login key gives every secret another name", async () => {
    usePlan();
    writeFileSync(join(folder, "other"), ed25519KeyPair().private);
    await expect(up({ ...settings, privateKeyFile: "other" })).rejects.toThrow(
      /found: +- as planned.*\n +secrets\n +- \[secret/,
    );
  });

  it("goes on in a preview, which says that up will be refused", async () => {
    usePlan();
    const { names, warnings } = await run(true, { ...settings, listenPort: "8080" }, facts);
    expect(names.length).toBeGreaterThan(10);
    expect(warnings.join("\n")).toMatch(/^up will be refused:[^]*listen 8080/m);
  });

  it.each([
    ["that is none", "anything\n", /begins with "anything"/],
    ["that is cut off", "tracks-plan 1 tracks.test\nrelease", /whole/],
    ["whose lines end as those of Windows", "tracks-plan 1 tracks.test\r\nrelease\r\n", /whole/],
    ["that is empty", "", /begins with ""/],
    ["of another format", "tracks-plan 2 tracks.test\nrelease\n", /of this version/],
    ["of another stack", "tracks-plan 1 tracks.other\n", /the plan of tracks\.other/],
    ["that is not there", undefined, /ENOENT/],
  ])("refuses a file %s", async (_, text, words) => {
    const file = join(plans, `plan${++count}.txt`);
    if (text !== undefined) writeFileSync(file, text);
    process.env["TRACKS_PLAN"] = file;
    await expect(up()).rejects.toThrow(words);
  });
});
