import { Command, Option } from "commander";
import { tellFailure } from "../failure";
import type { Outcome } from "./deployment";
import { JobLog } from "./jobLog";
import { publish } from "./publish";
import { type CiResult, exitCodes } from "./result";
import { emptyResultsFolder, resultsFolder } from "./resultsFolder";
import { headingOf } from "./summary";

/** What the help of a script shows. */
export interface ScriptHelp {
  readonly name: CiResult["command"];
  /** What it does, as one sentence without a period. */
  readonly does: string;
}

interface Options {
  readonly stack: string;
  readonly allowChanges?: boolean;
  readonly plan?: string;
}

/** Runs one of the pipeline's scripts with the arguments of this process. */
export async function runScript(
  { name, does }: ScriptHelp,
  work: (stack: string, plan: string | undefined) => Promise<Outcome>,
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
    .addOption(
      new Option(
        "--plan <file>",
        "the plan.txt of ci/preview: end with 1 where something else would be done by now (default: that in the variable TRACKS_CI_PLAN or TRACKS_PLAN)",
      ).hideHelp(name !== "deploy"),
    )
    .addHelpText("after", `${written[name]}${helpText}`)
    .action(async ({ stack, allowChanges, plan }: Options) => {
      await emptyResultsFolder(process.env);
      const { result, mask } = await work(stack, plan);
      const { failure } = result;
      // Before the results are written, which could fail: what was done is known in any case.
      console.log(headingOf(result));
      const log = new JobLog(mask, (text) => process.stdout.write(text));
      if (failure !== undefined) log.take(`${failure}\n`);
      const exitCode = await publish(result, mask);
      console.log(`results: ${resultsFolder(process.env)}`);
      process.exitCode = exitCode === exitCodes.pending && allowChanges === true ? 0 : exitCode;
    });
  await program.parseAsync().catch(tellFailure);
}

const written: Readonly<Record<CiResult["command"], string>> = {
  preview: "\nWrites result.json, junit.xml, summary.md and plan.txt",
  deploy: "\nWrites result.json, junit.xml and summary.md",
  drift: "\nWrites result.json, junit.xml and summary.md",
};

const helpText = ` into the folder TRACKS_CI_DIR (default: ci-results).

Exit codes:
  0  done, or nothing to do
  1  failed; the host puts back what failed there, and after a deployment the result says whether it did
  2  changes wait, or the host differs from what was applied`;
