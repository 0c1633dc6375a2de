import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { blocksOf } from "../../pages";
import { brokenRules } from "./workflowRules";

/** Job of a pipeline of GitLab. */
interface Job {
  readonly stage: string;
  readonly script: string | readonly string[];
  readonly needs?: readonly string[];
  readonly rules?: unknown;
  readonly environment?: unknown;
  readonly resource_group?: string;
}

const root = join(__dirname, "../../..");
const folder = join(root, ".github/workflows");
const files = readdirSync(folder);
const read = (file: string) => readFileSync(join(folder, file), "utf8");
const scripts = new Set(readdirSync(join(root, "ci")).map((name) => `ci/${name}`));

describe("the workflows of GitHub", () => {
  it("are these", () => {
    expect(files.sort()).toEqual([
      ...["deploy.yml", "drift.yml", "preview-commit.yml", "pull-request.yml"],
    ]);
  });

  it.each(files)(
    "%s gives no secret before an approval, pins its actions, and runs scripts of ci/",
    (file) => {
      expect(brokenRules(read(file), scripts)).toEqual([]);
    },
  );

  it.each<[what: string, file: string, from: string, to: string, rule: RegExp]>([
    [
      "pull_request_target",
      "pull-request.yml",
      "pull_request:",
      "pull_request_target:",
      /^the trigger/,
    ],
    ["workflow_run", "drift.yml", "workflow_dispatch:", "workflow_run:", /^the trigger/],
    ["a push of any branch", "deploy.yml", "[main]", "['**']", /^push of/],
    [
      "a secret for a pull request",
      "pull-request.yml",
      "${{ github.token }}",
      "${{ secrets.PULUMI_CONFIG_PASSPHRASE }}",
      /^comment: a secret or an environment/,
    ],
    [
      "an environment for a pull request",
      "pull-request.yml",
      "    timeout-minutes: 90",
      "    environment: production",
      /^test: a secret or an environment/,
    ],
    [
      "a secret before the approval",
      "deploy.yml",
      "    environment: production\n",
      "",
      /^production: a secret without an approval/,
    ],
    [
      "a commit that nobody approved",
      "preview-commit.yml",
      "environment: production\n",
      "environment: production-preview\n",
      /^preview: a secret for another commit/,
    ],
    [
      "all secrets at once",
      "drift.yml",
      "${{ secrets.PULUMI_ACCESS_TOKEN }}",
      "${{ toJSON(secrets) }}",
      /^a secret or a token outside/,
    ],
    [
      "secrets of a workflow",
      "drift.yml",
      "jobs:",
      "env: { A: '${{ secrets.A }}' }\njobs:",
      /^a secret or a token outside/,
    ],
    [
      "a secret behind a sign that begins a comment elsewhere",
      "drift.yml",
      "${{ vars.PULUMI_BACKEND_URL }}",
      "'#${{ secrets.A }}'",
      /^a secret or a token outside/,
    ],
    [
      "a secret in another case",
      "drift.yml",
      "${{ vars.PULUMI_BACKEND_URL }}",
      "${{ SECRETS.A }}",
      /^a secret or a token outside/,
    ],
    [
      "the token of the job for a script that needs none",
      "pull-request.yml",
      "run: ci/test\n",
      "run: ci/test\n        env: { TRACKS_CI_A: '${{ github.token }}' }\n",
      /^a secret or a token outside/,
    ],
    [
      "an action of a container",
      "drift.yml",
      "- run: ci/issue",
      "- uses: docker://example/any\n      - run: ci/issue",
      /^drift: the action docker/,
    ],
    [
      "an action of the checkout",
      "drift.yml",
      "- run: ci/issue",
      "- uses: ./any\n      - run: ci/issue",
      /^drift: the action \.\/any/,
    ],
    [
      "a shell of its own",
      "drift.yml",
      "- run: ci/issue",
      "- run: ci/issue\n        shell: bash -c 'curl example.org' {0}",
      /^drift: the key shell/,
    ],
    [
      "a container",
      "drift.yml",
      "    steps:",
      "    container: any\n    steps:",
      /the key container/,
    ],
    [
      "defaults of all steps",
      "drift.yml",
      "jobs:",
      "defaults: { run: { shell: any } }\njobs:",
      /^the key defaults/,
    ],
    ["a runner of somebody", "drift.yml", "ubuntu-24.04", "self-hosted", /^drift: the runner/],
    [
      "a variable that runs code",
      "drift.yml",
      "PULUMI_BACKEND_URL:",
      "NODE_OPTIONS:",
      /^drift: the variable NODE_OPTIONS/,
    ],
    [
      "another repository",
      "drift.yml",
      "persist-credentials: false",
      "persist-credentials: false\n          repository: example/any",
      /^drift: the key repository/,
    ],
    [
      "a commit that nobody named",
      "preview-commit.yml",
      "ref: ${{ inputs.commit }}",
      "ref: refs/pull/${{ inputs.pull_request }}/head",
      /^preview: the commit "refs\/pull/,
    ],
    [
      "a writing token for the code of a commit",
      "preview-commit.yml",
      "          persist-credentials: false\n      - uses: actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0\n        with:\n          node-version: 22\n          package-manager-cache: false\n      - run: ci/comment",
      "          ref: ${{ inputs.commit }}\n          persist-credentials: false\n      - run: ci/comment",
      /^comment: pull-requests: write for the code/,
    ],
    [
      "a comment about any commit",
      "pull-request.yml",
      "          TRACKS_CI_COMMIT: ${{ github.event.pull_request.head.sha }}\n",
      "",
      /^comment: a comment that does not say which commit/,
    ],
    [
      "a tag",
      "drift.yml",
      "checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
      "checkout@v7",
      /^the action/,
    ],
    ["a foreign action", "drift.yml", "actions/setup-node", "example/setup-node", /^the action/],
    ["a comment of another tag", "drift.yml", "# v7.0.0", "# v7.0.9", /^the action/],
    [
      "a command of its own",
      "drift.yml",
      "run: ci/issue",
      "run: curl example.org",
      /is no script of ci/,
    ],
    [
      "a command of its own with the agent",
      "drift.yml",
      "run: ci/agent ci/drift",
      "run: ci/agent curl",
      /is no script of ci/,
    ],
    ["two commands", "drift.yml", "run: ci/issue", "run: ci/issue; id", /is no script of ci/],
    [
      "text of others",
      "drift.yml",
      "run: ci/issue",
      "run: ci/issue ${{ github.actor }}",
      /an expression/,
    ],
    [
      "a token that stays",
      "drift.yml",
      "persist-credentials: false",
      "fetch-depth: 1",
      /leaves its token/,
    ],
    [
      "a token that may push",
      "drift.yml",
      "contents: read\n      issues",
      "contents: write\n      issues",
      /contents: write/,
    ],
    [
      "more for all jobs",
      "drift.yml",
      "contents: read\njobs",
      "contents: write\njobs",
      /the workflow itself/,
    ],
    [
      "a writing token for a pull request's code",
      "pull-request.yml",
      "    outputs:",
      "    permissions: { pull-requests: write }\n    outputs:",
      /^preview: pull-requests: write for the code/,
    ],
    [
      "a deployment that a newer one ends",
      "deploy.yml",
      "group: stack-production\n      cancel-in-progress: false",
      "group: stack-production\n      cancel-in-progress: true",
      /could end/,
    ],
    [
      "a deployment without the preview's plan",
      "deploy.yml",
      "          TRACKS_CI_PLAN: ${{ needs.preview.outputs.plan }}\n",
      "",
      /^production: a deployment that does not keep/,
    ],
    [
      "a deployment that waits for no preview",
      "deploy.yml",
      "needs: preview",
      "needs: dev",
      /^production: a deployment that does not keep/,
    ],
    ["two deployments at once", "drift.yml", "stack-production", "any", /no concurrency/],
  ])("would not pass with %s", (_, file, from, to, rule) => {
    const text = read(file);
    expect(text).toContain(from);
    const broken = brokenRules(
      text.replace(from, () => to),
      scripts,
    );
    expect(broken.join("\n")).toMatch(new RegExp(rule.source, "m"));
  });
});

it.each([...scripts])("%s can be run", (script) => {
  expect(statSync(join(root, script)).mode & 0o777).toBe(0o755);
  expect(readFileSync(join(root, script), "utf8")).toMatch(/^#!\/bin\/sh\n# /);
});

describe("the pipeline of GitLab in docs/ci.md", () => {
  const [block] = blocksOf("docs/ci.md").filter(({ text }) => text.startsWith("stages:"));
  const { stages, ...jobs } = parse(block?.text ?? "") as { stages: string[] } & Record<
    string,
    Job
  >;
  const named = Object.entries(jobs).filter(([name]) => !name.startsWith("."));

  it("runs scripts that exist, each in one of its stages", () => {
    for (const [name, { stage, script }] of named) {
      expect(stages, name).toContain(stage);
      for (const line of [script].flat()) expect(scripts, name).toContain(line.split(" ")[0]);
    }
  });

  it("leaves production to the default branch and the schedule, one job at a time", () => {
    const ofProduction = named.filter(([, { script }]) => String(script).includes("production"));
    expect(ofProduction).toHaveLength(3);
    for (const [name, job] of ofProduction) {
      expect(job.resource_group, name).toBe("production");
      expect(JSON.stringify(job.rules), name).toMatch(/CI_DEFAULT_BRANCH|schedule/);
      expect(JSON.stringify(job.environment), name).toContain("production");
    }
  });

  it("deploys production by the plan of its preview", () => {
    const { script, needs } = jobs["deploy production"] ?? {};
    expect(script).toMatch(/--plan ci-results\/plan\.txt$/);
    expect(needs).toEqual(["preview production"]);
  });
});
