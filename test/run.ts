import { readFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { installPackages, LAB_PACKAGES, missingPackages } from "../lab/install";
import { labUnavailable } from "../lab/host";

/**
 * `npm test`: formatter, linter, types and the three rings of tests.
 *
 * Everything runs even when something before it failed, so that one run tells all that is wrong.
 * The last line counts checks and tests: `N passed, N failed`.
 */

interface Count {
  passed: number;
  failed: number;
}

const root = join(__dirname, "..");

async function main(): Promise<void> {
  // None of them keeps more than one core busy.
  const counts = await Promise.all(staticChecks.map(([title, command]) => check(title, command)));
  for (const ring of await rings()) counts.push(await runRing(ring));

  const total = counts.reduce((sum, count) => ({
    passed: sum.passed + count.passed,
    failed: sum.failed + count.failed,
  }));
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
}

const staticChecks: [string, string[]][] = [
  ["format", ["prettier", "--check", "--log-level", "warn", "."]],
  ["lint", ["eslint", "--max-warnings", "0", "."]],
  ["types", ["tsc", "--noEmit"]],
];

async function check(title: string, [command = "", ...args]: string[]): Promise<Count> {
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
  return passed ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** What the host script's ring runs beside bash, each with a program that proves it. */
const HOST_RING_PACKAGES: ReadonlyMap<string, string> = new Map([
  ["shellcheck", "/usr/bin/shellcheck"],
  ["logrotate", "/usr/sbin/logrotate"],
  ["sudo", "/usr/sbin/visudo"],
  ["zsh", "/usr/bin/zsh"],
  ["tcsh", "/usr/bin/tcsh"],
  ["fish", "/usr/bin/fish"],
]);

/** The rings that can run here; what can't is said in one line, and is a failure in a pipeline. */
async function rings(): Promise<string[]> {
  const reason = process.getuid?.() === 0 ? labUnavailable() : "they need root";
  if (reason === undefined) {
    await install(new Map([...LAB_PACKAGES, ...HOST_RING_PACKAGES]));
    return ["unit", "host", "e2e"];
  }
  if (process.env.CI === "true") {
    throw new Error(`a pipeline runs every ring, but the lab can't run here: ${reason}`);
  }
  if (process.platform === "linux" && process.getuid?.() === 0) {
    console.log(`Left out: the end-to-end ring, since ${reason}.`);
    await install(HOST_RING_PACKAGES);
    return ["unit", "host"];
  }
  console.log(`Left out: the rings host and e2e, since ${reason}.`);
  return ["unit"];
}

async function install(packages: ReadonlyMap<string, string>): Promise<void> {
  const missing = missingPackages(packages);
  if (missing.length === 0) return;
  console.log(`Installing Debian packages: ${missing.join(" ")}`);
  await installPackages({ packages });
}

async function runRing(ring: string): Promise<Count> {
  const folder = await mkdtemp(join(tmpdir(), "tracks-test-"));
  try {
    const report = join(folder, "report.json");
    const { exitCode } = await execa(
      "vitest",
      [
        "run",
        "--project",
        ring,
        "--reporter=default",
        "--reporter=json",
        `--outputFile=${report}`,
        ...(ring === "host" ? ["--maxWorkers=2"] : []),
      ],
      { cwd: root, preferLocal: true, stdio: "inherit", reject: false },
    );
    const { numPassedTests, numFailedTests } = JSON.parse(await readFile(report, "utf8")) as {
      numPassedTests: number;
      numFailedTests: number;
    };
    // A file that fails to load, or a teardown that fails, counts although no test of it failed.
    const failed = exitCode === 0 ? numFailedTests : Math.max(1, numFailedTests);
    return { passed: numPassedTests, failed };
  } catch (error) {
    console.error(`${ring}: the tests did not run: ${String(error)}`);
    return { passed: 0, failed: 1 };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function stopwatch(): () => string {
  const start = performance.now();
  return () => ((performance.now() - start) / 1000).toFixed(1);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  console.log("\n0 passed, 1 failed");
  process.exitCode = 1;
});
