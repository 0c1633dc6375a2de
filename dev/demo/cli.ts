import { rm } from "node:fs/promises";
import { join } from "node:path";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import { Command } from "commander";
import { tellFailure } from "../../commands/failure";
import { down, labUnavailable, type LabHost, up } from "../lab/host";
import { installPackages, missingPackages } from "../lab/install";
import { embeddedEnvironment } from "../toolchain/embeddedStack";
import { labFolder } from "../toolchain/labFolder";
import { ensureToolchain, type Toolchain } from "../toolchain/toolchain";
import { checkSite } from "./check";
import { Phases } from "./phases";
import { writeShellEnvironment } from "./shellEnvironment";
import { type DemoStack, dev, rehearsal } from "./stacks";

/**
 * `npm run demo`: deploys the site from a fresh clone to throwaway hosts, with one command: the
 * stack dev, and a rehearsal of production.
 */

const root = join(__dirname, "../..");
const labDirectory = labFolder();
const stacks = [dev, rehearsal(root, labDirectory)];

/** Deployed stack, and what a visitor saw of it. */
interface Deployed {
  readonly stack: DemoStack;
  readonly host: LabHost;
  readonly seen: readonly string[];
  readonly shellLine: string;
}

async function deployAll(): Promise<void> {
  const unavailable = labUnavailable();
  if (unavailable !== undefined) {
    throw new Error(
      `The demo creates throwaway hosts, and can't do that here: ${unavailable}. ` +
        'Deploy to a host of your own instead: README, "A real host".',
    );
  }
  const phases = new Phases();
  await phases.run("Debian packages for the lab", installLabPackages);
  const toolchain = await phases.run("Pulumi", (onProgress) => ensureToolchain({ onProgress }));
  console.log(`  ${toolchain.description}`);
  // The Automation API looks for the CLI here.
  process.env["PATH"] = toolchain.env["PATH"];
  const deployed: Deployed[] = [];
  for (const stack of stacks) deployed.push(await deploy(stack, toolchain, phases));
  console.log(`\n${deployed.map(report).join("\n")}\n\n${phases.table()}\n\n${tryNext}`);
}

async function installLabPackages(): Promise<void> {
  const missing = missingPackages();
  if (missing.length === 0) return;
  console.log(`  to be installed with apt-get: ${missing.join(" ")}`);
  await installPackages();
}

async function deploy(stack: DemoStack, toolchain: Toolchain, phases: Phases): Promise<Deployed> {
  const { name } = stack;
  const host = await phases.run(`${name}: lab host`, (onProgress) => up(name, { onProgress }));
  const lock = await stack.prepare();
  const environment = await embeddedEnvironment(toolchain, { labDirectory, lock });
  const deployment = await phases.run(`${name}: stack`, () =>
    LocalWorkspace.createOrSelectStack(
      { stackName: name, workDir: root },
      { envVars: environment },
    ),
  );
  const { outputs } = await phases.run(`${name}: pulumi up`, () =>
    deployment
      .up({
        color: process.stdout.isTTY ? "always" : "never",
        onOutput: (text) => process.stdout.write(text),
        onError: (text) => process.stderr.write(text),
      })
      .catch((cause: unknown) => {
        throw new Error(`pulumi up of the stack ${name} failed: see above`, { cause });
      }),
  );
  const url = new URL(String(outputs["url"]?.value));
  const seen = await phases.run(`${name}: check over HTTP`, () =>
    checkSite(host.address, url.hostname),
  );
  return {
    stack,
    host,
    seen,
    shellLine: await writeShellEnvironment(name, environment, labDirectory),
  };
}

function report({ stack, host, seen, shellLine }: Deployed): string {
  return `
${stack.name}: http://${host.address}  (${stack.about}; a lab host shaped like ${host.shape})
${seen.map((line) => `  ✓ ${line}`).join("\n")}
  plain commands for it:  ${shellLine}`;
}

const tryNext = `Try next, in this folder, after one of the two lines above:
  pulumi preview              no changes: the host matches the program
  pulumi config set tracks:workerConnections 2048
  pulumi preview --diff       the changed line of nginx.conf, as a line
  pulumi up                   reloads nginx, restarts nothing
  npm run lab -- ssh dev      a shell on the host
  npm run demo -- --down      removes the hosts`;

async function takeDown(): Promise<void> {
  for (const stack of stacks) {
    await down(stack.name);
    await stack.remove();
    await rm(join(labDirectory, `env.${stack.name}`), { force: true });
  }
  // The stacks described hosts that don't exist any more: without them the next demo starts from scratch.
  await rm(join(labDirectory, "backend"), { recursive: true, force: true });
  console.log("Removed the demo's hosts and their stacks; caches stay.");
}

const program = new Command("demo")
  .description("deploy the site to throwaway hosts")
  .option("--down", "remove the demo's hosts")
  .action(async (options: { down?: boolean }) => {
    await (options.down ? takeDown() : deployAll());
  });

program.parseAsync().catch(tellFailure);
