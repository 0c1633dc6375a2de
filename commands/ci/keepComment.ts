import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { problemError } from "../../host/ProblemError";
import { allOf, callGitHub, type Comment, marked, repositoryOfJob } from "./github";
import { resultFiles, resultsFolder } from "./resultsFolder";
import { markIn } from "./summary";

/**
 * Shows a summary as a comment of a pull request, which later runs update in place.
 *
 * @param pullRequest its number
 * @param stack that the summary must be about: whoever opened the pull request may have written it
 * @param environment variables of the job
 * @returns what was done, in one line
 * @throws ProblemError for a number or a summary that is none, and where GitHub refuses
 */
export async function keepComment(
  pullRequest: string,
  stack: string,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  if (!/^[1-9]\d*$/.test(pullRequest)) {
    throw problemError({
      subject: "--pull-request",
      given: pullRequest,
      allowed: "the number of a pull request",
    });
  }
  const commit = environment["TRACKS_CI_COMMIT"];
  if (commit !== undefined && !/^[0-9a-f]{40}$/.test(commit)) {
    throw problemError({
      subject: "TRACKS_CI_COMMIT",
      given: commit,
      allowed: "the 40 hexadecimal digits of a commit",
    });
  }
  const repository = repositoryOfJob(environment);
  const summary =
    environment["TRACKS_CI_SUMMARY"] ||
    (await readFile(join(resultsFolder(environment), resultFiles.summary), "utf8"));
  const path = `issues/${pullRequest}/comments`;
  const former = marked(await allOf<Comment>(repository, path), markIn(summary, stack));
  // The comment stays when other commits follow, and also when their preview fails before it has a summary.
  const content = { body: commit === undefined ? summary : `${summary}\nCommit ${commit}\n` };
  if (former === undefined) {
    await callGitHub(repository, "POST", path, content);
    return "wrote a comment";
  }
  await callGitHub(repository, "PATCH", `issues/comments/${former.id}`, content);
  return "updated the comment";
}
