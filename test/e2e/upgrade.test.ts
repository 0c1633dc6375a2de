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

/** Commands whose files on the host have other comments, since the first line said the opposite of what happens to an edit. */
const COMMENTED = [
  "DjangoApp$command:remote:Command app",
  "DjangoApp$command:remote:Command app-directories",
  "DjangoApp$command:remote:Command app-settings",
  "LinuxUser$command:remote:Command deployer",
  "Logrotate$command:remote:Command nginx-logs",
  "Logrotate$command:remote:Command uwsgi-logs",
  "Nginx$command:remote:Command nginx",
];

/** What an upgrade from there changes on purpose: operations by name of the resource. */
const INTENDED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [...DESCRIBED, ...COMMENTED].map((resource) => [`tracks:index:${resource}`, "update"]),
  ),
  // The program that runs on the host, in which faults were fixed.
  "tracks:index:Host$command:remote:Command host-script": "update",
  // Once a part of UwsgiService; what it has on the host stays.
  "tracks:index:Uwsgi uwsgi": "create",
};

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
  const operations = preview.steps
    .filter(({ op }) => op !== "same")
    .map(({ op, urn }) => [urn.split("::").slice(2).join(" "), op] as const);
  expect(Object.fromEntries(operations)).toEqual(INTENDED);
  expect(preview.changeSummary.same).toBeGreaterThan(18);
});

/** What the test reads of `pulumi preview --json`. */
interface Preview {
  steps: { op: string; urn: string }[];
  changeSummary: Record<string, number>;
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
