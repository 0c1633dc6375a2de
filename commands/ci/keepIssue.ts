import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { problemError } from "../../host/ProblemError";
import { allOf, callGitHub, type Issue, marked, repositoryOfJob } from "./github";
import { resultFiles, resultsFolder } from "./resultsFolder";
import type { CiResult } from "./result";
import { summaryMark, summaryOf } from "./summary";

/**
 * Keeps one issue open while a host differs from what was applied, by the result of ci/drift.
 *
 * @param environment variables of the job
 * @returns what was done, in one line
 * @throws ProblemError for the result of another script, and where GitHub refuses
 */
export async function keepIssue(environment: NodeJS.ProcessEnv): Promise<string> {
  const file = join(resultsFolder(environment), resultFiles.json);
  const result = JSON.parse(await readFile(file, "utf8")) as CiResult;
  // Of the other scripts the summary has lines of the host.
  if (result.command !== "drift") {
    throw problemError({
      subject: file,
      found: `a result of ci/${result.command}`,
      allowed: "a result of ci/drift",
    });
  }
  if (result.state === "failed") return "nobody could look: the issue stays as it is";
  const repository = repositoryOfJob(environment);
  const open = (await allOf<Issue>(repository, "issues?state=open")).filter(
    ({ pull_request: pullRequest }) => pullRequest === undefined,
  );
  const former = marked(open, summaryMark(result));
  const body = summaryOf(result);
  if (result.state === "done") {
    if (former === undefined) return "no drift, and no issue";
    await callGitHub(repository, "PATCH", `issues/${former.number}`, { body, state: "closed" });
    return "no drift: closed the issue";
  }
  const content = { title: `Drift on ${result.stack}`, body };
  if (former === undefined) {
    await callGitHub(repository, "POST", "issues", content);
    return "opened an issue";
  }
  await callGitHub(repository, "PATCH", `issues/${former.number}`, content);
  return "updated the issue";
}
