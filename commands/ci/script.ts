import { Command, Option } from "commander";
import { tellFailure } from "../failure";
import type { Outcome } from "./deployment";
import { publish, resultsFolder } from "./publish";
import { type CiResult, exitCodes } from "./result";

/** What the help of a script shows. */
export interface ScriptHelp {
  readonly name: CiResult["command"];
  /** What it does, as one sentence without a period. */
  readonly does: string;
}

/** Runs one of the pipeline's scripts with the arguments of this process. */
export async function runScript(
  { name, does }: ScriptHelp,
  work: (stack: string) => Promise<Outcome>,
): Promise<void> {
  const program = new Command(`ci/${name}`)
    .description(does)
    .requiredOption("--stack <name>", "the stack, which must exist")
    .addOption(
      new Option(
        "--allow-changes",
        "end with 0, not with 2, where changes wait or the host differs",
      )
        // After a deployment none can wait.
        .hideHelp(name === "deploy"),
    )
    .addHelpText("after", helpText)
    .action(async ({ stack, allowChanges }: { stack: string; allowChanges?: boolean }) => {
      const { result, secrets } = await work(stack);
      const { exitCode, heading } = await publish(result, secrets);
      console.log(`${heading}\nresults: ${resultsFolder(process.env)}`);
      process.exitCode = exitCode === exitCodes.pending && allowChanges === true ? 0 : exitCode;
    });
  await program.parseAsync().catch(tellFailure);
}

const helpText = `
Writes result.json, junit.xml and summary.md into the folder TRACKS_CI_DIR (default: ci-results).

Exit codes:
  0  done, or nothing to do
  1  failed; what failed on the host was put back there
  2  changes wait, or the host differs from what was applied`;
