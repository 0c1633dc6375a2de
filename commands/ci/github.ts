import { problemError } from "../../host/ProblemError";

/** Seconds that GitHub may take for one answer. */
const deadlineSeconds = 30;

/** Entries of one page, the most that GitHub gives. */
const pageSize = 100;

/** One repository on GitHub, as the job's own token may see it. */
export interface Repository {
  /** Address of the API, such as `https://api.github.com`. */
  readonly api: string;
  /** `OWNER/NAME`. */
  readonly name: string;
  readonly token: string;
}

/** A comment, as far as this program reads it. */
export interface Comment {
  readonly id: number;
  readonly body: string | null;
  readonly user: { readonly type: string } | null;
}

/** An issue, or a pull request among the issues. */
export interface Issue extends Comment {
  readonly number: number;
  readonly pull_request?: unknown;
}

/**
 * The repository of the job that runs this, from the variables that GitHub sets, and `GITHUB_TOKEN`.
 *
 * @throws ProblemError where one is missing
 */
export function repositoryOfJob(environment: NodeJS.ProcessEnv): Repository {
  const {
    GITHUB_API_URL: api = "https://api.github.com",
    GITHUB_REPOSITORY: name,
    GITHUB_TOKEN: token,
  } = environment;
  if (name && token) return { api, name, token };
  throw problemError({
    subject: `The variable ${name ? "GITHUB_TOKEN" : "GITHUB_REPOSITORY"} is not set`,
    fix: [
      "run this in a job of GitHub Actions",
      "and give the step  env: { GITHUB_TOKEN: ${{ github.token }} }",
    ],
  });
}

/**
 * Calls GitHub's API, and returns what it answers.
 *
 * @param path below the repository, such as `issues/1/comments`
 * @throws ProblemError with GitHub's own words where it refuses
 * @see https://docs.github.com/rest
 */
export async function callGitHub(
  { api, name, token }: Repository,
  method: "GET" | "POST" | "PATCH",
  path: string,
  content?: object,
): Promise<unknown> {
  const answer = await fetch(`${api}/repos/${name}/${path}`, {
    method,
    headers: {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${token}`,
      "x-github-api-version": "2022-11-28",
    },
    ...(content !== undefined && { body: JSON.stringify(content) }),
    signal: AbortSignal.timeout(deadlineSeconds * 1000),
  }).catch((error: unknown) => {
    // fetch itself says no more than that it failed.
    const reason = String((error instanceof Error && error.cause) || error);
    throw problemError({ subject: `GitHub does not answer ${method} ${path}`, found: api, reason });
  });
  if (answer.ok) return answer.json();
  throw problemError({
    subject: `GitHub refuses ${method} ${path} with ${answer.status}`,
    ...(answer.status === 403 && {
      fix: ["give the job the permission (permissions:); a fork's pull request never has it"],
    }),
    reason: (await answer.text()).slice(0, 500),
  });
}

/** All comments or issues of a list, page by page. */
export async function allOf<Post extends Comment>(
  repository: Repository,
  path: string,
): Promise<Post[]> {
  const posts: Post[] = [];
  for (let page = 1; ; page++) {
    const separator = path.includes("?") ? "&" : "?";
    const query = `${path}${separator}per_page=${pageSize}&page=${page}`;
    const found = (await callGitHub(repository, "GET", query)) as Post[];
    posts.push(...found);
    if (found.length < pageSize) return posts;
  }
}

/** What a job wrote with this mark; a person who copies the mark has written another. */
export function marked<Post extends Comment>(
  posts: readonly Post[],
  mark: string,
): Post | undefined {
  return posts.find(({ body, user }) => user?.type === "Bot" && body?.startsWith(mark) === true);
}
