import { Command, Option } from "commander";
import { tellFailure } from "../failure";
import { keepComment } from "./keepComment";

/** `ci/comment`: shows a summary as a comment of a pull request, which later runs update in place. */
const program = new Command("ci/comment")
  .description("show the summary of a script as a comment of a pull request, updated in place")
  .addOption(
    new Option("--pull-request <number>", "the pull request")
      .env("TRACKS_CI_PULL_REQUEST")
      .makeOptionMandatory(),
  )
  .requiredOption("--stack <name>", "the stack that the summary is about")
  .addHelpText(
    "after",
    `
The summary is the variable TRACKS_CI_SUMMARY, else the file summary.md in TRACKS_CI_DIR (default: ci-results). With
TRACKS_CI_COMMIT the comment names the commit that it is about.
Needs GITHUB_TOKEN with the permission pull-requests: write.`,
  )
  .action(async ({ pullRequest, stack }: { pullRequest: string; stack: string }) => {
    console.log(await keepComment(pullRequest, stack, process.env));
  });

program.parseAsync().catch(tellFailure);
