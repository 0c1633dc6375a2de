import type {
  PreviewOptions,
  Stack as AutomationStack,
  UpOptions,
} from "@pulumi/pulumi/automation";
import { hostScript } from "../../host/script/hostScript";
import { examine } from "../../preflight/host/examine";
import { previewUserIn } from "../../preflight/host/previewLogin";
import { surveyQuestions } from "../../preflight/questions";
import { inStackKeys } from "../../settings/argumentKeys";
import { reasonOf } from "../failure";
import { onInterrupt } from "../ops/onInterrupt";
import { siteOf } from "../ops/site";
import type { SiteStatus } from "../ops/siteStatus";
import { driftIn, siteStatus } from "../ops/status";
import { findStack, type Stack, whileSelected } from "../recover/stack";
import { type Drift, driftOf } from "./drifted";
import { EngineReport, type Message } from "./engineReport";
import { JobLog } from "./jobLog";
import { knownSecrets, type Mask, maskOf } from "./mask";
import { givenPlan, newPlanFile } from "./planFile";
import type { CiResult } from "./result";

/** A result, and what masks the secrets that no text of it may have. */
export interface Outcome {
  readonly result: CiResult;
  readonly mask: Mask;
}

/** What a script works with. */
interface Run {
  readonly stack: Stack;
  readonly report: EngineReport;
  readonly mask: Mask;
}

/** What a script found, apart from the engine's report. */
interface Findings {
  readonly isPending: boolean;
  readonly drift?: readonly Drift[] | undefined;
  readonly warning?: Message;
}

/** Previews the stack, writes its plan, and asks its host for drift. */
export function preview(stack: string): Promise<Outcome> {
  return outcome("preview", stack, async (run) => {
    const plan = await newPlanFile(process.env);
    const variables = { TRACKS_PLAN: "", TRACKS_PLAN_OUT: plan };
    await throughEngine(run, variables, (automation, options) => automation.preview(options));
    const looked = await lookForDrift(run.stack);
    return { ...looked, isPending: run.report.isPending || (looked.drift ?? []).length > 0 };
  });
}

/**
 * Deploys the stack. Where a resource fails, the host puts back what was there, and is asked whether it did.
 *
 * SIGTERM, by which a CI ends a job, lets the engine end in order: it waits for what the host does at this moment,
 * and gives the stack's lock back.
 *
 * @param plan path of the preview's plan, which it keeps to. @default that of the job's variables, if any
 */
export function deploy(stack: string, plan: string | undefined): Promise<Outcome> {
  return outcome("deploy", stack, async (run) => {
    const variables = { TRACKS_PLAN: (await givenPlan(plan, process.env)) ?? "" };
    const ended = new AbortController();
    // Ctrl-C comes from a terminal, which sends it to the engine, too: at a second one that gives up.
    const listensAgain = onInterrupt((by) => {
      if (by === "SIGTERM") ended.abort();
    });
    try {
      await throughEngine(run, variables, (automation, options) =>
        automation.up({ ...options, signal: ended.signal }),
      );
    } catch (error) {
      throw ended.signal.aborted ? new EndedError() : error;
    } finally {
      listensAgain();
    }
    return { isPending: false };
  });
}

/** A deployment that SIGTERM ended. */
class EndedError extends Error {
  constructor() {
    super(
      "SIGTERM ended this deployment. Where the stack is locked now, see docs/ci.md, a job that was killed",
    );
  }
}

/** Asks the host for drift, without an engine. */
export function drift(name: string): Promise<Outcome> {
  return outcome("drift", name, async ({ stack }) => {
    const differs = await driftOn(stack);
    return { drift: differs, isPending: differs.length > 0 };
  });
}

/** Whatever goes wrong is in the result. */
async function outcome(
  command: CiResult["command"],
  name: string,
  work: (run: Run) => Promise<Findings>,
): Promise<Outcome> {
  const start = performance.now();
  const report = new EngineReport();
  let stack: Stack | undefined;
  let mask: Mask | undefined;
  let found: Pick<CiResult, "state" | "drift" | "failure" | "restored">;
  const warnings: Message[] = [];
  try {
    stack = await findStack(name);
    mask = maskOf(knownSecrets(stack.source, process.env));
    const { isPending, drift, warning } = await work({ stack, report, mask });
    if (warning !== undefined) warnings.push(warning);
    found = { state: isPending ? "pending" : "done", drift, failure: undefined };
  } catch (error) {
    // Who sends SIGTERM does not wait for long.
    const restored =
      command === "deploy" && stack !== undefined && !(error instanceof EndedError)
        ? await isRestored(stack)
        : undefined;
    found = { state: "failed", drift: undefined, failure: failureOf(error, report), restored };
  }
  const { changes, messages } = report;
  const seconds = Math.round((performance.now() - start) / 100) / 10;
  return {
    result: {
      ...{ command, stack: name, seconds, changes },
      ...{ ...found, messages: [...messages, ...warnings] },
    },
    mask: mask ?? maskOf(knownSecrets(undefined, process.env)),
  };
}

/** What the engine reported as errors says more than that the command failed. */
function failureOf(error: unknown, { messages }: EngineReport): string {
  if (error instanceof EndedError) return error.message;
  const errors = messages.filter(({ severity }) => severity === "error");
  return errors.at(-1)?.text ?? reasonOf(error);
}

/** Runs the engine, whose own output is the log of the job. */
async function throughEngine(
  { stack, report, mask }: Run,
  variables: Readonly<Record<string, string>>,
  run: (automation: AutomationStack, options: PreviewOptions & UpOptions) => Promise<unknown>,
): Promise<void> {
  stack.workspace.envVars = { ...stack.workspace.envVars, ...variables };
  const output = new JobLog(mask, (text) => process.stdout.write(text));
  const errorOutput = new JobLog(mask, (text) => process.stderr.write(text));
  // The SDK takes an error of `onEvent` for an event that it can't read, and goes on.
  const errors: unknown[] = [];
  try {
    await whileSelected(stack, async (automation) => {
      await run(automation, {
        color: "never",
        diff: true,
        onEvent: (event) => {
          try {
            report.take(event);
          } catch (error) {
            errors.push(error);
          }
        },
        onOutput: (text) => {
          output.take(text);
        },
        onError: (text) => {
          errorOutput.take(text);
        },
      });
    });
  } finally {
    output.end();
    errorOutput.end();
  }
  if (errors.length > 0)
    throw new AggregateError(errors, `can't read the engine: ${String(errors[0])}`);
}

/** Whether the host has put back what failed: then no run is left that was interrupted. */
async function isRestored({ project, source }: Stack): Promise<boolean | undefined> {
  try {
    return isLeftInOrder(await siteStatus(siteOf(project, source)));
  } catch {
    return undefined;
  }
}

/** Undefined while a run is at work: after a lost connection it may be that of this deployment. */
export function isLeftInOrder({
  changing,
  interrupted,
}: Pick<SiteStatus, "changing" | "interrupted">): boolean | undefined {
  if (changing.length > 0) return undefined;
  return interrupted.length === 0;
}

async function driftOn({ project, source }: Stack): Promise<Drift[]> {
  const site = siteOf(project, source);
  const { configuration, connection, scope } = site;
  const previewUser = previewUserIn(process.env);
  if (previewUser === undefined) return driftOf(await siteStatus(site));
  // The login that only looks may not run the verb `status`; the preflight's look has the drift, too.
  const options = { survey: surveyQuestions(configuration), previewUser, inTerms: inStackKeys };
  const facts = await examine(connection, { text: hostScript(), scope }, options);
  return driftOf({ drift: driftIn(facts) });
}

/** A host that does not answer is a warning, as in the preview itself. */
async function lookForDrift(stack: Stack): Promise<Pick<Findings, "drift" | "warning">> {
  try {
    return { drift: await driftOn(stack) };
  } catch (error) {
    const text = `nobody could look for drift:\n${reasonOf(error)}`;
    return { warning: { severity: "warning", resource: undefined, text } };
  }
}
