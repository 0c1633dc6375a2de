import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { execa } from "execa";
import { installPackages, LAB_PACKAGES, missingPackages } from "../dev/lab/install";
import { labUnavailable } from "../dev/lab/host";
import { MACHINE_PACKAGES, machineUnavailable } from "../dev/lab/machine";
import { packagesForPython36 } from "../dev/toolchain/python36";
import { TestRun } from "./testRun";

/**
 * `npm test`: formatter, linter, types and the rings of tests. With arguments: one ring alone
 * (`npm run test:unit`), of it only the files that the further arguments name.
 *
 * Everything runs even when something before it failed, so that one run tells all that is wrong.
 * The last lines name what failed, since it may have been printed half an hour before, and count
 * checks and tests: `N passed, N failed`. What a run made is gone at its end, after Ctrl-C too.
 */

interface Result {
  passed: number;
  /** What failed, each by a name that a person finds it by. */
  failed: readonly string[];
}

/** Of vitest's JSON report. */
interface Report {
  numPassedTests: number;
  testResults: {
    name: string;
    status: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}

interface Ring {
  name: "unit" | "host" | "e2e" | "selinux";
  /** Debian packages, each with a program that proves it. */
  packages: ReadonlyMap<string, string>;
  /** Why this machine can't run it; undefined when it can. */
  unavailable: () => string | undefined;
  /** Program that makes, where the cache has none, what all its tests share. */
  prepare?: string;
  /** Files that run at the same time. Vitest's own default leaves one core to others; default 2. */
  workers?: number;
  /** Runs only where it is named. */
  alone?: boolean;
}

/** What the host script's ring runs in addition to bash. */
const HOST_RING_PACKAGES: ReadonlyMap<string, string> = new Map([
  ["shellcheck", "/usr/bin/shellcheck"],
  ["logrotate", "/usr/sbin/logrotate"],
  ["sudo", "/usr/sbin/visudo"],
  ["zsh", "/usr/bin/zsh"],
  ["tcsh", "/usr/bin/tcsh"],
  ["fish", "/usr/bin/fish"],
]);

const RINGS: readonly Ring[] = [
  { name: "unit", packages: new Map(), unavailable: () => undefined },
  {
    name: "host",
    // They wait for services half of their time.
    workers: 5,
    packages: new Map([...HOST_RING_PACKAGES, ...packagesForPython36()]),
    prepare: "test/prepareHost.ts",
    unavailable: () =>
      process.platform === "linux" && process.getuid?.() === 0
        ? undefined
        : "it needs Linux and root",
  },
  {
    name: "e2e",
    packages: new Map([
      ...LAB_PACKAGES,
      ...(machineUnavailable() === undefined ? MACHINE_PACKAGES : []),
    ]),
    unavailable: labUnavailable,
    prepare: "test/prepareLab.ts",
    // Hosts, stacks and folders are each file's own, and an engine and its host wait for each other.
    workers: 4,
  },
  {
    name: "selinux",
    packages: new Map([...LAB_PACKAGES, ...MACHINE_PACKAGES]),
    unavailable: () => labUnavailable() ?? machineUnavailable(),
    prepare: "test/prepareLab.ts",
    alone: true,
  },
];

const root = join(__dirname, "..");

async function main([wanted, ...filters]: string[]): Promise<void> {
  const rings = RINGS.filter(({ name, alone }) =>
    wanted === undefined ? alone !== true : name === wanted,
  );
  if (rings.length === 0) {
    throw new Error(
      `"${wanted ?? ""}" is no ring of tests: give one of ${RINGS.map(({ name }) => name).join(", ")}, or nothing for all`,
    );
  }
  const runnable = rings.filter(canRun);
  const run = await TestRun.begin();
  const results: Result[] = [];
  try {
    // None of them keeps more than one core busy.
    const checks = wanted === undefined ? staticChecks : [];
    const checked = Promise.all(checks.map(([title, command]) => check(title, command)));
    // Takes a minute where actionlint is to be built: beside the rings.
    const workflows = wanted === undefined ? check("workflows", lintWorkflows) : undefined;
    const [checkResults] = await Promise.all([checked, install(runnable)]);
    results.push(...checkResults);
    // Takes minutes where the cache is empty: beside the other rings.
    const prepared = runnable.map((ring) => ring.prepare && prepare(ring.prepare, run));
    for (const [index, ring] of runnable.entries()) {
      await prepared[index];
      if (run.interrupted.aborted) break;
      results.push(await runRing(ring, filters, run));
    }
    if (workflows !== undefined) results.push(await workflows);
  } finally {
    await run.end();
  }
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.flatMap((result) => result.failed);
  process.exitCode = run.interrupted.aborted ? 130 : failed.length === 0 && passed > 0 ? 0 : 1;
  if (failed.length > 0) console.log(`\nFailed:\n  ${failed.join("\n  ")}`);
  console.log(`\n${passed} passed, ${failed.length} failed`);
}

const staticChecks: [string, string[]][] = [
  ["format", ["prettier", "--check", "--log-level", "warn", "."]],
  ["lint", ["eslint", "--max-warnings", "0", "."]],
  ["types", ["tsc", "--noEmit"]],
  ["imports", ["depcruise", "--config", ".dependency-cruiser.mjs", "."]],
];

const lintWorkflows = ["node", "commands/bootstrap.mjs", "dev/toolchain/lintWorkflows.ts"];

async function check(title: string, [command = "", ...args]: string[]): Promise<Result> {
  const seconds = stopwatch();
  const { exitCode, all } = await execa(command, args, {
    cwd: root,
    preferLocal: true,
    stdin: "ignore",
    all: true,
    reject: false,
  });
  const passed = exitCode === 0;
  if (all !== "") console.log(all);
  console.log(`${passed ? "✓" : "✗"} ${title} (${seconds()} s)`);
  return passed ? { passed: 1, failed: [] } : { passed: 0, failed: [title] };
}

/** A ring that can't run here is said in one line, and ends a pipeline. */
function canRun({ name, unavailable }: Ring): boolean {
  const reason = unavailable();
  if (reason === undefined) return true;
  if (process.env.CI === "true") {
    throw new Error(`a pipeline runs every ring, but not ${name} here: ${reason}`);
  }
  console.log(`Left out: the ring ${name}, since ${reason}.`);
  return false;
}

async function install(rings: readonly Ring[]): Promise<void> {
  const packages = new Map(rings.flatMap((ring) => [...ring.packages]));
  const missing = missingPackages(packages);
  if (missing.length === 0) return;
  console.log(`Installing Debian packages: ${missing.join(" ")}`);
  await installPackages({ packages });
}

/** Where that fails each test that needs it tells why, and so does this. */
async function prepare(program: string, run: TestRun): Promise<void> {
  await execa(process.execPath, ["commands/bootstrap.mjs", program], {
    ...{ cwd: root, stdin: "ignore", stdout: "inherit", stderr: "inherit" },
    ...{ env: run.environment, reject: false, cancelSignal: run.interrupted },
  });
}

async function runRing(
  { name, workers = 2 }: Ring,
  filters: string[],
  run: TestRun,
): Promise<Result> {
  const report = join(run.folder, `${name}.json`);
  const { exitCode } = await execa(
    "vitest",
    [
      ...["run", `--project=${name}*`, `--maxWorkers=${workers}`, ...filters],
      ...["--reporter=default", "--reporter=json", `--outputFile=${report}`],
    ],
    {
      ...{ cwd: root, preferLocal: true, stdin: "ignore", stdout: "inherit", stderr: "inherit" },
      ...{ env: run.environment, reject: false, cancelSignal: run.interrupted },
    },
  );
  try {
    const { numPassedTests, testResults } = JSON.parse(await readFile(report, "utf8")) as Report;
    const failed = testResults.flatMap(failures);
    // An error outside of any test, and a teardown that fails, fail no file.
    if (exitCode !== 0 && failed.length === 0) failed.push(`${name}: what vitest printed above`);
    return { passed: numPassedTests, failed };
  } catch (error) {
    return { passed: 0, failed: [`${name}: the tests did not run to their end: ${String(error)}`] };
  }
}

/** A file that fails to load, or whose hooks fail, counts although no test of it failed. */
function failures({ name, status, assertionResults }: Report["testResults"][number]): string[] {
  const file = relative(root, name);
  const tests = assertionResults.filter((test) => test.status === "failed");
  if (tests.length === 0) return status === "failed" ? [file] : [];
  return tests.map(({ fullName }) => `${file}: ${fullName}`);
}

function stopwatch(): () => string {
  const start = performance.now();
  return () => ((performance.now() - start) / 1000).toFixed(1);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  console.log("\n0 passed, 1 failed");
  process.exitCode = 1;
});
