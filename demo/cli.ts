import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { execa } from "execa";
import { down, labUnavailable, type LabHost, up } from "../lab/host";
import { installPackages, missingPackages } from "../lab/install";
import { ensureToolchain } from "../tools/toolchain";
import { checkSite } from "./check";
import { embeddedEnvironment, writeShellEnvironment } from "./embedded";
import { Phases } from "./phases";

/**
 * `npm run demo`: the site on a throwaway host of its own, from a fresh clone, with one command.
 */

const root = join(__dirname, "..");
const labDirectory = process.env.TRACKS_LAB_DIR ?? join(root, ".lab");
const stack = "dev";

async function deploy(): Promise<void> {
  const unavailable = labUnavailable();
  if (unavailable !== undefined) {
    throw new Error(
      `The demo makes a host of its own, which can't be done here: ${unavailable}. ` +
        'Point the program at a host of yours instead: README, "A real host".',
    );
  }
  const phases = new Phases();
  await phases.run("Debian packages for the lab", installLabPackages);
  const toolchain = await phases.run("Pulumi", (onProgress) => ensureToolchain({ onProgress }));
  console.log(`  ${toolchain.description}`);
  const host = await phases.run("lab host", (onProgress) => up(stack, { onProgress }));
  const environment = await embeddedEnvironment(toolchain, labDirectory);
  const pulumi = runner(toolchain.pulumi, environment);
  await phases.run("stack dev", () => pulumi(["stack", "select", "--create", stack], "pipe"));
  await phases.run("pulumi up", () => pulumi(["up", "--yes", "--skip-preview"], "inherit"));
  const url = `http://${host.address}`;
  const seen = await phases.run("check over HTTP", () => checkSite(url));
  report(url, seen, phases, await writeShellEnvironment(environment, labDirectory), host);
}

async function installLabPackages(): Promise<void> {
  const missing = missingPackages();
  if (missing.length === 0) return;
  console.log(`  to be installed with apt-get: ${missing.join(" ")}`);
  await installPackages();
}

/** Runs Pulumi in this checkout with the embedded environment. */
function runner(pulumi: string, environment: Record<string, string>) {
  return async (args: string[], output: "inherit" | "pipe"): Promise<void> => {
    await execa(pulumi, [...args, "--non-interactive"], {
      cwd: root,
      env: environment,
      stdin: "ignore",
      stdout: output,
      stderr: output,
    });
  };
}

function report(
  url: string,
  seen: string[],
  phases: Phases,
  shellLine: string,
  host: LabHost,
): void {
  console.log(`
The site is up: ${url}  (a lab host shaped like ${host.shape}, on this machine only)
${seen.map((line) => `  ✓ ${line}`).join("\n")}

${phases.table()}

Try next, in this folder:
  ${shellLine}
  pulumi preview              nothing to do: the host is as the program says
  pulumi config set tracks:workerConnections 2048
  pulumi preview --diff       the changed line of nginx.conf, as a line
  pulumi up                   reloads nginx, restarts nothing
  npm run lab -- ssh ${stack}      a shell on the host
  npm run demo -- --down      takes the host down again`);
}

async function takeDown(): Promise<void> {
  await down(stack);
  // The stack described a host that is gone: without it the next demo starts from nothing.
  await rm(join(labDirectory, "backend"), { recursive: true, force: true });
  console.log("The demo's host and its stack are gone; caches stay.");
}

const program = new Command("demo")
  .description("deploys the site to a throwaway host of its own")
  .option("--down", "takes the demo's host down again")
  .action(async (options: { down?: boolean }) => {
    await (options.down ? takeDown() : deploy());
  });

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
