import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SampleSite } from "./sampleSite";

/** The last commit before the program's parts moved; its deployments must be taken over as they are. */
const FORMER = "e872877534bf522c807a656842d2cdb7c8d836b8";

/** Components that show now what they are given; they have no provider, and nothing happens for them. */
const DESCRIBED = [
  "DataMigration old-data",
  "DjangoApp app",
  "Host host",
  "LinuxUser deployer",
  "Logrotate nginx-logs",
  "Logrotate uwsgi-logs",
  "Nginx nginx",
  "NginxSite tracks",
  "PostgresDatabase database",
  "RobotsTxt robots",
  "SystemPackages packages",
];

/** What an upgrade from there changes on purpose, besides its commands: operations by name of the resource. */
const INTENDED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(DESCRIBED.map((resource) => [`tracks:index:${resource}`, "update"])),
  // Once a part of UwsgiService; what it has on the host stays.
  "tracks:index:Uwsgi uwsgi": "create",
};

/**
 * Commands that change something on the host. All others are shorter now, run once more, and find everything as it
 * is.
 */
const CHANGED = [
  // Its role finds the system's functions alone.
  "database-provisioning",
  // Their files have other comments, since the first line said the opposite of what happens to an edit.
  "app",
  "app-directories",
  "app-settings",
  "deployer",
  "nginx-logs",
  "uwsgi-logs",
  "nginx",
];

const checkout = resolve(__dirname, "../..");
let former: string;
let site: SampleSite;

beforeAll(async () => {
  former = await mkdtemp(join(tmpdir(), "tracks-former-"));
  await unpack(FORMER, former);
  site = await SampleSite.create("upgrade", {
    siteSnippet: "client_body_timeout 30s;",
    moduleStreams: "[]",
  });
  await site.deployment.useProgram(join(former, "index.ts"));
  await site.up();
});
afterAll(async () => {
  await site.dispose();
  await rm(former, { recursive: true, force: true });
});

test("a site that an earlier version deployed is taken over unchanged", async () => {
  await site.deployment.useProgram("index.ts");
  const preview = JSON.parse(await site.deployment.succeed("preview", "--json")) as Preview;
  const steps = preview.steps.map(({ op, urn }) => ({
    op,
    isCommand: /\$command:remote:Command::[^:]*$/.test(urn),
    resource: urn.split("::").slice(2).join(" "),
  }));
  const commands = steps.filter(({ isCommand }) => isCommand);
  expect(commands.length).toBeGreaterThan(12);
  expect(commands.filter(({ op }) => op !== "update")).toEqual([]);
  const others = steps.filter(({ op, isCommand }) => op !== "same" && !isCommand);
  expect(Object.fromEntries(others.map(({ resource, op }) => [resource, op]))).toEqual(INTENDED);
});

test("its first up rewrites comments and guards a role, and loses no request", async () => {
  const database = () =>
    site.deployment.onHost("systemctl show --property MainPID postgresql.service");
  const before = await database();
  const requests = site.loop("/");
  const text = await site.up();
  expect((await requests.stop()).failures).toEqual([]);
  const applied = text.matchAll(/applied (\S+)-[0-9a-f]{6}: (.*)/g);
  // Pulumi prints each line as it comes, and once more at the end.
  const changes = new Map([...applied].map(([, name = "", change = ""]) => [name, change]));
  expect(changes.size).toBeGreaterThan(12);
  const changed = [...changes].filter(([, change]) => change !== "unchanged");
  expect(changed.map(([name]) => name).sort()).toEqual([...CHANGED].sort());
  expect(await database()).toBe(before);
  expect(await site.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
});

/** What the test reads of `pulumi preview --json`. */
interface Preview {
  steps: { op: string; urn: string }[];
}

/** The program as it was at a commit, with the packages of its own lock file. */
async function unpack(commit: string, folder: string): Promise<void> {
  const known = await execa("git", ["cat-file", "-e", `${commit}^{commit}`], {
    cwd: checkout,
    reject: false,
  });
  if (known.exitCode !== 0) {
    throw new Error(
      `this checkout lacks the commit ${commit}: fetch the whole history, by git fetch --unshallow`,
    );
  }
  const archive = join(folder, "former.tar");
  await execa("git", ["archive", "--output", archive, commit], { cwd: checkout });
  await execa("tar", ["-xf", archive, "-C", folder]);
  await execa("npm", ["ci", "--prefer-offline", "--no-audit", "--no-fund"], { cwd: folder });
}
