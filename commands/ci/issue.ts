import { Command } from "commander";
import { tellFailure } from "../failure";
import { keepIssue } from "./keepIssue";

/** `ci/issue`: keeps one issue open while a host differs from what was applied. */
const program = new Command("ci/issue")
  .description("open, update or close the issue about a host's drift, after ci/drift")
  .addHelpText(
    "after",
    `
Reads result.json in TRACKS_CI_DIR (default: ci-results). It has names and counts, no line of the host.
Needs GITHUB_TOKEN with the permission issues: write.`,
  )
  .action(async () => {
    console.log(await keepIssue(process.env));
  });

program.parseAsync().catch(tellFailure);
