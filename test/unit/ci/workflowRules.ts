import { parse } from "yaml";

/** What a workflow of GitHub Actions has, as far as the rules read it. */
interface Workflow {
  readonly on?: Readonly<Record<string, { branches?: string[] } | null>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Job {
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

/** Actions, by the commit of the tag that the comment names, read in the action's own repository. */
const pins: Readonly<Record<string, string>> = {
  "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
  "actions/setup-node": "820762786026740c76f36085b0efc47a31fe5020 # v7.0.0",
};

/** What a workflow breaks of the rules, in words; empty where it keeps them. */
export function brokenRules(text: string, scripts: ReadonlySet<string>): string[] {
  const { on, permissions, jobs } = parse(text) as Workflow;
  const triggers = Object.keys(on ?? {});
  const broken: string[] = [];
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
  // In a place that no rule above reads, such as a workflow's env.
  const inSteps = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(secretsOf));
  const all = text.replace(/#.*/g, "").match(/\bsecrets\b/g) ?? [];
  if (all.length !== inSteps.length) broken.push("a secret outside of a step's env");
  return broken;
}

function jobRules(
  { needs, steps, environment, permissions = {}, concurrency }: Job,
  triggers: readonly string[],
  scripts: ReadonlySet<string>,
): string[] {
  const broken: string[] = [];
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
    if (level === "write" && ofPullRequest && !steps.filter(isCheckout).every(isOfBase)) {
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
  const { run } = step;
  const broken: string[] = [];
  if (run !== undefined) {
    // An expression becomes part of the shell's text: its value would be run.
    if (run.includes("${{")) broken.push(`an expression in "${run}"`);
    const [program = "", second] = run.split(" ");
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

/** Without a ref it is the pull request's own code. */
function isOfBase({ with: inputs }: Step): boolean {
  return inputs?.["ref"] === "${{ github.event.pull_request.base.sha }}";
}

/** Each action as the file has it, with the comment of its tag. */
function pinRules(text: string): string[] {
  return [...text.matchAll(/\buses: *(\S+?)@(.*)$/gm)]
    .filter(([, action = "", pin = ""]) => pins[action] !== pin.trim())
    .map(([, action, pin]) => `the action ${action ?? ""}@${pin ?? ""}`);
}

function secretsOf({ env = {} }: Step): string[] {
  return Object.values(env).filter((value) => /^\$\{\{ secrets\.\w+ \}\}$/.test(value));
}
