import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { execa } from "execa";
import { ensureBase } from "../lab/base";
import { startFirewalld } from "../lab/firewalld";
import { down, labUnavailable, up } from "../lab/host";
import { installPackages, LAB_PACKAGES } from "../lab/install";
import { ensureToolchain } from "../toolchain/toolchain";
import { measure } from "./benchmark";
import { Ansible, ansiblePackages } from "./contenders/ansible";
import type { Contender, Surroundings } from "./contenders/contender";
import { Pulumi } from "./contenders/pulumi";
import { Script } from "./contenders/script";
import type { BenchmarkResult, ContenderResult } from "./measurement";
import { servePackageIndex } from "./packageIndex";
import { renderPlot } from "./plot";
import { sampleDump, sampleFolder } from "./releases";
import type { Site } from "./site";
import { renderTable } from "./table";
import { ensureWheelhouse } from "./wheelhouse";

/** `npm run bench`: measures this program, Ansible and a script, on hosts of the same image. */

const FIGURES = "result.json";
const NAMES = ["pulumi", "ansible", "script"] as const;
type Name = (typeof NAMES)[number];
const BUSY_LOAD = 1;
const logOf = (name: Name): string => `${name}.log`;

interface Options {
  readonly runs: number;
  readonly only: readonly Name[];
  /** Folder for figures, table, plot and logs. */
  readonly results: string;
}

const say = (line: string): void => {
  console.log(line);
};

async function run({ runs, only, results }: Options, signal: AbortSignal): Promise<void> {
  const unavailable = labUnavailable();
  if (unavailable !== undefined) {
    throw new Error(
      `The benchmark creates throwaway hosts, and can't do that here: ${unavailable}`,
    );
  }
  const load = loadavg()[0] ?? 0;
  if (load > BUSY_LOAD) {
    say(
      `This machine is busy (load ${load.toFixed(1)}): the times will be longer than on an idle one.`,
    );
  }
  const needed = only.includes("ansible") ? [...LAB_PACKAGES, ...ansiblePackages] : LAB_PACKAGES;
  await installPackages({ packages: new Map(needed), onProgress: say });
  const folder = await mkdtemp(join(tmpdir(), "tracks-bench-"));
  // Separate hosts, which the commands of the demo and of tests don't see.
  process.env["TRACKS_LAB_DIR"] = join(folder, "lab");
  try {
    const toolchain = await ensureToolchain({ onProgress: say });
    const requirements = join(sampleFolder, "requirements.txt");
    const wheelhouse = await ensureWheelhouse(requirements, { folder, onProgress: say, signal });
    await readOnce(await ensureBase({ onProgress: say, signal }), signal);
    await mkdir(results, { recursive: true });
    for (const name of only) await rm(join(results, logOf(name)), { force: true });
    const begun = { date: new Date().toISOString(), cores: availableParallelism(), load };
    const make: Record<Name, (site: Site, surroundings: Surroundings) => Contender> = {
      pulumi: (site, surroundings) =>
        new Pulumi(site, surroundings, toolchain, join(folder, "lab")),
      ansible: (site, surroundings) => new Ansible(site, surroundings),
      script: (site, surroundings) => new Script(site, surroundings),
    };
    const contenders: ContenderResult[] = [];
    const failures: unknown[] = [];
    for (const name of only) {
      try {
        contenders.push(
          await onFreshHost(name, { folder, wheelhouse, signal }, (site) => {
            const surroundings = { log: join(results, logOf(name)), signal };
            return measureAndDispose(make[name](site, surroundings), site, runs);
          }),
        );
      } catch (error) {
        signal.throwIfAborted();
        say(error instanceof Error ? error.message : String(error));
        failures.push(error);
      }
      await writeFile(
        join(results, FIGURES),
        `${JSON.stringify({ ...begun, contenders }, null, 2)}\n`,
      );
      await render(results);
    }
    if (failures.length > 0) throw new Error("not every contender has finished; see above");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureAndDispose(
  contender: Contender,
  site: Site,
  runs: number,
): Promise<ContenderResult> {
  try {
    return await measure(contender, site, { runs, onProgress: say });
  } finally {
    await contender.dispose();
  }
}

/** Creates a host with everything that belongs to it, and removes it all again. */
async function onFreshHost<T>(
  name: string,
  { folder, wheelhouse, signal }: { folder: string; wheelhouse: string; signal: AbortSignal },
  work: (site: Site) => Promise<T>,
): Promise<T> {
  const hostName = `bench-${name}`;
  const own = join(folder, name);
  await mkdir(own, { recursive: true, mode: 0o700 });
  try {
    const host = await up(hostName, { onProgress: say, signal });
    await startFirewalld(host);
    const packages = await servePackageIndex(wheelhouse, host.slot.gateway);
    try {
      const source = join(own, "source");
      return await work({ host, source, dump: sampleDump, packages, folder: own });
    } finally {
      await packages.close();
    }
  } finally {
    await down(hostName);
  }
}

/** Reads the image once, so that the first contender does not have to wait for the disk. */
async function readOnce(base: string, signal: AbortSignal): Promise<void> {
  say("reading the hosts' image into memory");
  await execa("find", [base, "-xdev", "-type", "f", "-exec", "cat", "{}", "+"], {
    stdout: "ignore",
    cancelSignal: signal,
  });
}

/** Writes table and plot from the figures of the last run. */
async function render(results: string): Promise<void> {
  const result = JSON.parse(await readFile(join(results, FIGURES), "utf8")) as BenchmarkResult;
  if (result.contenders.length === 0) return;
  const table = renderTable(result);
  await writeFile(join(results, "table.md"), table);
  await writeFile(join(results, "plot.svg"), renderPlot(result));
  say(`\n${table}`);
}

function count(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= 100) return number;
  throw new InvalidArgumentError("Give a number from 1 to 100.");
}

const program = new Command("bench")
  .description("measure this program, ansible-core and a bash script, each on a fresh host")
  .option("--runs <number>", "runs of every step except first deploy and failing update", count, 3)
  .addOption(
    new Option("--only <contenders...>", "measure these only").choices(NAMES).default([...NAMES]),
  )
  .option(
    "--results <folder>",
    "folder for figures, table, plot and logs",
    join(__dirname, "results"),
  )
  .option("--render", "write table and plot of the last run again")
  .action(async (options: Options & { render?: boolean }) => {
    if (options.render) {
      await render(options.results);
      return;
    }
    const interrupted = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      // Also handles a second Ctrl-C, which must not end this before the hosts are removed.
      process.on(signal, () => {
        if (interrupted.signal.aborted) return;
        say("interrupted: removing the hosts");
        interrupted.abort(new Error("interrupted"));
      });
    }
    await run(options, interrupted.signal);
  });

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
