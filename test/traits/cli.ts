import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { execa } from "execa";
import { installPackages, LAB_PACKAGES } from "../../dev/lab/install";
import { hostsFor, pairsOf } from "./combinations";
import { type Outcome, tryTraits } from "./host";
import { TestRun } from "../testRun";
import { exitStatus, outcomeTable, traitTable } from "./tables";
import type { Trait } from "./trait";
import { traitNamed, traits } from "./traits";

/** `npm run test:traits`: deploys to hosts with every pair of traits, or with given ones. */

const root = join(__dirname, "..", "..");

interface Options {
  readonly each?: true;
  readonly list?: true;
  readonly json?: true;
  readonly atOnce: number;
}

async function main(names: readonly string[], options: Options): Promise<void> {
  const chosen = names.map(traitNamed);
  if (options.list) {
    console.log(traitTable(traits));
    return;
  }
  const program = process.env["TRACKS_TRAITS_PROGRAM"];
  if (options.json) {
    console.log(JSON.stringify(await tryTraits(`traits-${process.pid}`, chosen, { program })));
    return;
  }
  const commit = await commitOf(program ?? root);
  await installPackages({ packages: LAB_PACKAGES });
  const hosts = choose(chosen, options.each === true);
  const run = await TestRun.begin();
  const outcomes = new Map<number, Outcome>();
  try {
    await tryHosts(hosts, options.atOnce, run, outcomes);
  } finally {
    await run.end();
  }
  console.log(`\n${outcomeTable(hosts, outcomes, commit)}`);
  process.exitCode = exitStatus(hosts, outcomes, run.interrupted.aborted);
}

function choose(chosen: readonly Trait[], each: boolean): readonly Trait[][] {
  if (each) return (chosen.length === 0 ? traits : chosen).map((trait) => [trait]);
  if (chosen.length > 0) return [[...chosen]];
  const pairs = pairsOf(traits);
  const hosts = hostsFor(traits, pairs);
  console.log(`${traits.length} traits, ${pairs.length} pairs, ${hosts.length} hosts`);
  return hosts;
}

/** Longer than any host takes, so that a host that hangs does not prevent the table of the others. */
const HOST_TIME = 20 * 60_000;

/**
 * Adds the outcome of each host, unless the run is interrupted.
 *
 * Each host has its own process, since a process has one folder of lab hosts, and so that the failure of
 * one does not lose the results of the others.
 */
async function tryHosts(
  hosts: readonly Trait[][],
  atOnce: number,
  run: TestRun,
  outcomes: Map<number, Outcome>,
): Promise<void> {
  const waiting = [...hosts.entries()];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, host] = next;
      const outcome = await inProcess(host, run);
      if (run.interrupted.aborted) return;
      outcomes.set(index, outcome);
      tell(outcome, index + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

async function inProcess(host: readonly Trait[], run: TestRun): Promise<Outcome> {
  const traits = host.map(({ name }) => name);
  const start = Date.now();
  try {
    const { stdout } = await execa(
      process.execPath,
      [join(root, "commands/bootstrap.mjs"), "test/traits/cli.ts", "--json", ...traits],
      {
        ...{ stdin: "ignore", stderr: "inherit", timeout: HOST_TIME },
        ...{ env: run.environment, cancelSignal: run.interrupted },
      },
    );
    return JSON.parse(stdout) as Outcome;
  } catch (error) {
    const failure = { step: "process", reason: String(error) };
    return { traits, failures: [failure], seconds: Math.round((Date.now() - start) / 1000) };
  }
}

function tell({ traits, failures, seconds }: Outcome, number: number): void {
  const result = failures.length === 0 ? "passed" : "FAILED";
  console.log(`${number}: ${result} after ${seconds} s: ${traits.join(" ")}`);
  for (const { step, reason } of failures) console.log(`  ${step}: ${reason}`);
}

function atLeastOne(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("give a number from 1 on");
  return Number(text);
}

async function commitOf(folder: string): Promise<string> {
  const { stdout } = await execa("git", ["describe", "--always", "--dirty"], { cwd: folder });
  return stdout;
}

new Command("test:traits")
  .description("deploy to hosts with traits, and destroy; without names every pair of them")
  .argument("[name...]", "these traits, on one host")
  .option("--each", "each trait alone, on a separate host")
  .option("--list", "show the traits, and the version that each one broke")
  .option("--json", "print the outcome of one host, for another program")
  .option("--at-once <number>", "hosts at the same time", atLeastOne, 2)
  .action(main)
  .parseAsync()
  .catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
