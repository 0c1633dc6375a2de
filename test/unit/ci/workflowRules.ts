import { parse } from "yaml";

/** What a workflow of GitHub Actions has, as far as the rules read it. */
interface Workflow {
  readonly on?: Readonly<Record<string, { branches?: string[] } | null>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Job {
  readonly "runs-on"?: unknown;
  readonly needs?: string | readonly string[];
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: { group?: string; "cancel-in-progress"?: boolean };
  readonly steps: readonly Step[];
}

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Environment whose jobs wait for an approval. */
const approved = "production";

/** Environment without an approval: only the branch main may use it. */
const mainOnly = "production-preview";

/** Triggers that run what is on main: its schedule, its pushes, its own form. */
const ofMain = new Set(["push", "schedule", "workflow_dispatch"]);

/** Keys that the rules know: another one, such as `shell` or `container`, could run what it likes. */
const keys = {
  workflow: ["name", "run-name", "on", "permissions", "jobs"],
  job: [
    ...["needs", "if", "runs-on", "timeout-minutes", "environment", "permissions", "concurrency"],
    ...["outputs", "steps"],
  ],
  step: ["id", "uses", "run", "with", "env"],
  with: ["ref", "clean", "persist-credentials", "node-version", "package-manager-cache"],
};

/** Commits, besides that of the workflow itself, which a job may check out. */
const commits = {
  base: "${{ github.event.pull_request.base.sha }}",
  approved: "${{ inputs.commit }}",
};

/** Variables of a step: others, such as NODE_OPTIONS or BASH_ENV, could run what is in them. */
const variable =
  /^(?:GITHUB_TOKEN|TRACKS_CI_[A-Z_]+|TRACKS_SSH_KEY|TRACKS_PREVIEW_USER|PULUMI_[A-Z_]+)$/;

/** Actions, by the commit of the tag that the comment names, read in the action's own repository. */
const pins: Readonly<Record<string, string>> = {
  "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
  "actions/setup-node": "820762786026740c76f36085b0efc47a31fe5020 # v7.0.0",
};

/** What a workflow breaks of the rules, in words; empty where it keeps them. */
export function brokenRules(text: string, scripts: ReadonlySet<string>): string[] {
  const workflow = parse(text) as Workflow;
  const { on, permissions, jobs } = workflow;
  const triggers = Object.keys(on ?? {});
  const broken = unknownKeys("workflow", workflow);
  if (triggers.length === 0) broken.push("no trigger is readable");
  for (const trigger of triggers) {
    // pull_request_target and workflow_run, too: they give secrets to what a fork can decide.
    if (!ofMain.has(trigger) && trigger !== "pull_request") broken.push(`the trigger ${trigger}`);
    if (trigger === "push" && on?.[trigger]?.branches?.join() !== "main") {
      broken.push("push of a branch other than main");
    }
  }
  if (JSON.stringify(permissions) !== '{"contents":"read"}') {
    broken.push("the workflow itself must have the permission contents: read alone");
  }
  for (const [name, job] of Object.entries(jobs)) {
    const inJob = jobRules(job, triggers, scripts);
    broken.push(...inJob.map((rule) => `${name}: ${rule}`));
  }
  broken.push(...pinRules(text));
  // In a place that no rule above reads, such as a job's output. GitHub reads names in any case.
  const inSteps = Object.values(jobs).flatMap(({ steps }) =>
    steps.flatMap((step) => [...secretsOf(step), ...tokensOf(step)]),
  );
  const all = JSON.stringify(workflow).match(/\bsecrets\b|\btoken\b|toJSON/gi) ?? [];
  if (all.length !== inSteps.length) broken.push("a secret or a token outside of a step's env");
  return broken;
}

function unknownKeys(kind: keyof typeof keys, value: object): string[] {
  const unknown = Object.keys(value).filter((key) => !keys[kind].includes(key));
  return unknown.map((key) => `the key ${key}`);
}

function jobRules(job: Job, triggers: readonly string[], scripts: ReadonlySet<string>): string[] {
  const { needs, steps, environment, permissions = {}, concurrency } = job;
  const broken = unknownKeys("job", job);
  if (job["runs-on"] !== "ubuntu-24.04")
    broken.push(`the runner ${JSON.stringify(job["runs-on"])}`);
  const secrets = steps.flatMap(secretsOf);
  const ofPullRequest = triggers.includes("pull_request");
  if (ofPullRequest && (secrets.length > 0 || environment !== undefined)) {
    broken.push("a secret or an environment for a pull request");
  }
  if (environment !== undefined && ![approved, mainOnly].includes(environment)) {
    broken.push(`the environment ${environment}`);
  }
  if (secrets.length > 0 && environment === undefined) broken.push("a secret without an approval");
  const refs = steps.map((step) => step.with?.["ref"]).filter((ref) => ref !== undefined);
  if (refs.length > 0 && secrets.length > 0 && environment !== approved) {
    broken.push("a secret for another commit than main's without an approval");
  }
  for (const [permission, level] of Object.entries(permissions)) {
    const isKnown = ["contents", "pull-requests", "issues"].includes(permission);
    if (!isKnown || (permission === "contents" && level !== "read")) {
      broken.push(`the permission ${permission}: ${level}`);
    }
    // The code of a pull request with such a token could write whatever it likes.
    const isTrusted = ofPullRequest
      ? steps.filter(isCheckout).every((step) => step.with?.["ref"] === commits.base)
      : refs.length === 0;
    if (level === "write" && !isTrusted) {
      broken.push(`${permission}: write for the code of a pull request`);
    }
  }
  if (
    steps.some(({ run = "" }) => /ci\/(?:preview|deploy|drift) --stack/.test(run)) &&
    !concurrency?.group?.includes("stack-")
  ) {
    broken.push("no concurrency of its stack");
  }
  const production = steps.find(({ run }) => run?.includes("ci/deploy --stack production"));
  if (production !== undefined) {
    const plan = "${{ needs.preview.outputs.plan }}";
    if (production.env?.["TRACKS_CI_PLAN"] !== plan || ![needs].flat().includes("preview")) {
      broken.push("a deployment that does not keep to what was previewed");
    }
    const queue = { group: "stack-production", "cancel-in-progress": false };
    if (JSON.stringify(concurrency) !== JSON.stringify(queue)) {
      broken.push("a deployment that another one or a preview could end");
    }
  }
  for (const step of steps) broken.push(...stepRules(step, scripts));
  return broken;
}

function stepRules(step: Step, scripts: ReadonlySet<string>): string[] {
  const { run, uses, with: inputs = {}, env = {} } = step;
  const broken = [...unknownKeys("step", step), ...unknownKeys("with", inputs)];
  const names = Object.keys(env).filter((name) => !variable.test(name));
  broken.push(...names.map((name) => `the variable ${name}`));
  const ref = inputs["ref"];
  if (ref !== undefined && !Object.values<unknown>(commits).includes(ref)) {
    broken.push(`the commit ${JSON.stringify(ref)}`);
  }
  if (uses !== undefined) {
    const [action = "", digest = ""] = uses.split("@");
    if (pins[action]?.split(" ")[0] !== digest) broken.push(`the action ${uses}`);
  }
  if (run !== undefined) {
    // An expression becomes part of the shell's text: its value would be run.
    if (run.includes("${{")) broken.push(`an expression in "${run}"`);
    if (/^ci\/comment\b/.test(run) && env["TRACKS_CI_COMMIT"] === undefined) {
      broken.push("a comment that does not say which commit it is about");
    }
    // What ci/agent runs keeps to the same rule.
    const [program = "", second] = run.replace(/^ci\/agent /, "").split(" ");
    const known = program === "npm" ? second === "ci" || second === "run" : scripts.has(program);
    if (!known || /[;&|<>`$\n]/.test(run.trimEnd())) broken.push(`"${run}" is no script of ci/`);
  }
  if (isCheckout(step) && step.with?.["persist-credentials"] !== false) {
    broken.push("a checkout that leaves its token");
  }
  return broken;
}

function isCheckout({ uses }: Step): boolean {
  return uses?.startsWith("actions/checkout@") === true;
}

/** The comment of its tag, which the file alone has. */
function pinRules(text: string): string[] {
  return [...text.matchAll(/\buses: *(\S+?)@(.*)$/gm)]
    .filter(([, action = "", pin = ""]) => pins[action] !== pin.trim())
    .map(([, action, pin]) => `the action ${action ?? ""}@${pin ?? ""}`);
}

function secretsOf({ env = {} }: Step): string[] {
  return Object.values(env).filter((value) => /^\$\{\{ secrets\.\w+ \}\}$/.test(value));
}

/** The job's token, for a script that writes to GitHub. */
function tokensOf({ run = "", env = {} }: Step): string[] {
  return /^ci\/(?:comment|issue)\b/.test(run) && env["GITHUB_TOKEN"] === "${{ github.token }}"
    ? [run]
    : [];
}
