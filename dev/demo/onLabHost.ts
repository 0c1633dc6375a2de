import { join } from "node:path";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import { Command } from "commander";
import { execa } from "execa";
import { tellFailure } from "../../commands/failure";
import { up } from "../lab/host";
import { installPackages, missingPackages } from "../lab/install";
import { embeddedEnvironment } from "../toolchain/embeddedStack";
import { labFolder } from "../toolchain/labFolder";
import { ensureToolchain } from "../toolchain/toolchain";
import { dev, rehearsal } from "./stacks";

/**
 * `ci/lab`: runs a command about one of the demo's stacks, in the environment that it needs. Its lab host, the
 * stack and the Pulumi CLI are made where they are missing.
 */

const root = join(__dirname, "../..");
const labDirectory = labFolder();

async function onLabHost(name: string, [program = "", ...words]: string[]): Promise<void> {
  const stacks = [dev, rehearsal(root, labDirectory)];
  const stack = stacks.find((candidate) => candidate.name === name);
  if (stack === undefined) {
    const names = stacks.map((candidate) => candidate.name).join(" or ");
    throw new Error(`"${name}" is no stack of a lab host: give ${names}.`);
  }
  if (missingPackages().length > 0) await installPackages();
  const toolchain = await ensureToolchain({ onProgress: say });
  // The Automation API looks for the CLI here.
  process.env["PATH"] = toolchain.env["PATH"];
  await up(name, { onProgress: say });
  const lock = await stack.prepare();
  const environment = await embeddedEnvironment(toolchain, { labDirectory, lock });
  await LocalWorkspace.createOrSelectStack(
    { stackName: name, workDir: root },
    { envVars: environment },
  );
  const { exitCode, shortMessage } = await execa(program, words, {
    ...{ cwd: root, env: environment, stdio: "inherit", reject: false },
  });
  if (exitCode === undefined) say(shortMessage ?? `${program} was ended`);
  process.exitCode = exitCode ?? 1;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

const program = new Command("ci/lab")
  .description("run a command about a stack whose host is a lab host of this machine (Linux, root)")
  .argument("<stack>", "dev or rehearsal; also the name of the host")
  .argument("<command...>", "the command, with its arguments")
  .passThroughOptions()
  .addHelpText("after", "\nExample: ci/lab dev ci/deploy --stack dev")
  .action(onLabHost);

program.parseAsync().catch(tellFailure);
