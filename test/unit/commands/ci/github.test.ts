import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { keepComment } from "../../../../commands/ci/keepComment";
import { keepIssue } from "../../../../commands/ci/keepIssue";
import type { CiResult } from "../../../../commands/ci/result";
import { summaryOf } from "../../../../commands/ci/summary";
import { temporaryFolder } from "../../../temporaryFolder";
import { resultWith } from "./result";

const root = join(__dirname, "../../../..");
const token = "ghs_token";

interface Call {
  readonly method: string;
  readonly path: string;
  readonly content: unknown;
}

/** GitHub's API, with these answers to GET; it takes what is posted, and remembers it. */
class GitHub {
  readonly written: Call[] = [];
  answers: Readonly<Record<string, unknown>> = {};
  refusal: number | undefined;
  private readonly server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { method = "", url: path = "" } = request;
      const mayCall = request.headers.authorization === `Bearer ${token}`;
      const status = mayCall ? (this.refusal ?? 200) : 401;
      if (method !== "GET") this.written.push({ method, path, content: JSON.parse(body) });
      response.writeHead(status, { "content-type": "application/json" });
      response.end(
        JSON.stringify(
          status === 200
            ? method === "GET"
              ? (this.answers[path] ?? [])
              : {}
            : { message: "Resource not accessible by integration" },
        ),
      );
    });
  });

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }
  close(): void {
    this.server.close();
  }
  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += String(part);
  return text;
}

let github: GitHub;
beforeEach(async () => {
  github = new GitHub();
  await github.listen();
});
afterEach(() => {
  github.close();
});

/** Variables of a job, after another script wrote this result. */
function jobAfter(result: CiResult, more: Record<string, string> = {}): Record<string, string> {
  const folder = temporaryFolder("github", onTestFinished);
  writeFileSync(join(folder, "result.json"), JSON.stringify(result));
  writeFileSync(join(folder, "summary.md"), summaryOf(result));
  return {
    TRACKS_CI_DIR: folder,
    GITHUB_API_URL: github.address,
    GITHUB_REPOSITORY: "example/tracks",
    GITHUB_TOKEN: token,
    ...more,
  };
}

const comment = (result: CiResult, more?: Record<string, string>, pullRequest = "7") =>
  keepComment(pullRequest, result.stack, jobAfter(result, more));
const issue = (result: CiResult) => keepIssue(jobAfter(result));

/** Runs a script of ci/ with these variables alone. */
async function run(script: string, words: string[], environment: Record<string, string>) {
  const { exitCode, all } = await execa(join(root, "ci", script), words, {
    ...{ extendEnv: false, env: { PATH: process.env["PATH"], ...environment } },
    ...{ all: true, reject: false },
  });
  return { exitCode, text: all };
}

const bot = { type: "Bot" };
const comments = "/repos/example/tracks/issues/7/comments?per_page=100&page=";
const issues = "/repos/example/tracks/issues?state=open&per_page=100&page=";

describe("ci/comment", () => {
  const result = resultWith({ command: "preview", stack: "dev" });
  const summary = summaryOf(result);

  it("writes a comment where the pull request has none of it", async () => {
    // Somebody else's, and that of another stack.
    github.answers = {
      [`${comments}1`]: [
        { id: 1, body: summary, user: { type: "User" } },
        { id: 2, body: summaryOf(resultWith({ stack: "production" })), user: bot },
      ],
    };
    expect(await comment(result)).toBe("wrote a comment");
    expect(github.written).toEqual([
      {
        ...{ method: "POST", path: "/repos/example/tracks/issues/7/comments" },
        content: { body: summary },
      },
    ]);
  });

  it("updates its comment in place, on whichever page it is", async () => {
    const others = Array.from({ length: 100 }, (_, id) => ({ id, body: "other", user: null }));
    github.answers = {
      [`${comments}1`]: others,
      [`${comments}2`]: [{ id: 412, body: `${summary}former`, user: bot }],
    };
    expect(await comment(result)).toBe("updated the comment");
    expect(github.written).toEqual([
      {
        ...{ method: "PATCH", path: "/repos/example/tracks/issues/comments/412" },
        content: { body: summary },
      },
    ]);
  });

  it("takes the summary from another job's variable", async () => {
    const other = summaryOf(resultWith({ stack: "production" }));
    await keepComment("7", "production", jobAfter(result, { TRACKS_CI_SUMMARY: other }));
    expect(github.written[0]?.content).toEqual({ body: other });
  });

  it("says which commit it is about", async () => {
    const commit = "a".repeat(40);
    await comment(result, { TRACKS_CI_COMMIT: commit });
    expect(github.written[0]?.content).toEqual({ body: `${summary}\nCommit ${commit}\n` });
  });

  it("says why GitHub does not answer", async () => {
    const job = jobAfter(result);
    github.close();
    await expect(keepComment("7", "dev", job)).rejects.toThrow(
      /^GitHub does not answer GET issues\/7\/comments.*\n +found: .*127\.0\.0\.1.*\n.*ECONNREFUSED/,
    );
  });

  it("ends with 1 and GitHub's words for a token that may not write", async () => {
    github.refusal = 403;
    const environment = jobAfter(result, { TRACKS_CI_PULL_REQUEST: "7" });
    const { exitCode, text } = await run("comment", ["--stack", "dev"], environment);
    expect(exitCode).toBe(1);
    expect(text).toMatch(/permissions:.*\n.*not accessible/);
    expect(text).not.toContain(token);
  });

  it.each<[what: string, more: Record<string, string>, pullRequest: string, words: RegExp]>([
    ["no token", { GITHUB_TOKEN: "" }, "7", /GITHUB_TOKEN is not set/],
    ["no number", {}, "7/../1", /number of a pull request/],
    ["no commit", { TRACKS_CI_COMMIT: "main" }, "7", /40 hexadecimal digits/],
    ["a text of somebody else", { TRACKS_CI_SUMMARY: "anything" }, "7", /no summary of ci/],
    [
      "what a pull request says of production",
      { TRACKS_CI_SUMMARY: summaryOf(resultWith({ stack: "production" })) },
      "7",
      /given: +--stack dev\n +found: .*preview production/,
    ],
  ])("refuses %s", async (_, more, pullRequest, words) => {
    await expect(comment(result, more, pullRequest)).rejects.toThrow(words);
    expect(github.written).toEqual([]);
  });
});

describe("ci/issue", () => {
  const drift = [{ resource: "nginx", names: ["/etc/nginx/nginx.conf"] }];
  const found = resultWith({ command: "drift", state: "pending", drift });
  const none = resultWith({ command: "drift" });
  const open = {
    [`${issues}1`]: [
      { id: 1, number: 3, body: summaryOf(found), user: bot, pull_request: {} },
      { id: 2, number: 4, body: summaryOf(found), user: bot },
    ],
  };
  const path = "/repos/example/tracks/issues/4";

  it("opens an issue for drift, with names and counts", async () => {
    expect(await issue(found)).toBe("opened an issue");
    expect(github.written).toEqual([
      {
        ...{ method: "POST", path: "/repos/example/tracks/issues" },
        content: { title: "Drift on production", body: summaryOf(found) },
      },
    ]);
  });

  it("updates the open one while the drift is there, and no pull request", async () => {
    github.answers = open;
    expect(await issue(found)).toBe("updated the issue");
    expect(github.written.map((call) => [call.method, call.path])).toEqual([["PATCH", path]]);
  });

  it("closes it when the drift is gone", async () => {
    github.answers = open;
    expect(await issue(none)).toBe("no drift: closed the issue");
    expect(github.written).toEqual([
      { method: "PATCH", path, content: { body: summaryOf(none), state: "closed" } },
    ]);
  });

  it("writes nothing without drift and issue, or where nobody could look", async () => {
    expect(await issue(none)).toBe("no drift, and no issue");
    github.answers = open;
    const failed = resultWith({ command: "drift", state: "failed", failure: "no answer" });
    expect(await issue(failed)).toMatch(/nobody could look/);
    expect(github.written).toEqual([]);
  });

  it("refuses the result of a preview, which has lines of the host", async () => {
    const { exitCode, text } = await run("issue", [], jobAfter(resultWith({})));
    expect(exitCode).toBe(1);
    expect(text).toContain("a result of ci/preview");
    expect(github.written).toEqual([]);
  });
});

describe("ci/commit", () => {
  const commit = "0123456789abcdef".repeat(3).slice(0, 40);

  it("takes the full name of a commit", async () => {
    const { exitCode, text } = await run("commit", [], { TRACKS_CI_COMMIT: commit });
    expect({ exitCode, text }).toEqual({ exitCode: 0, text: "" });
  });

  it.each([
    ...["", "main", commit.slice(1), `${commit}0`, commit.toUpperCase(), `refs/heads/${commit}`],
    ...[`${commit.slice(1)}\n`, `${commit}\n`, `a ${commit.slice(2)}`],
  ])("refuses %j, which could be another commit by the time of the run", async (given) => {
    const { exitCode, text } = await run("commit", [], { TRACKS_CI_COMMIT: given });
    expect(exitCode).toBe(1);
    expect(text).toMatch(/must be the 40 hexadecimal digits of a commit\.$/);
  });
});
