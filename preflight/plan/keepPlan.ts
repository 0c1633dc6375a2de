import { lstat, readFile, rm, writeFile } from "node:fs/promises";
import * as pulumi from "@pulumi/pulumi";
import type { HostFacts } from "../../host/facts";
import { firstLines } from "../../host/lineDifference";
import { errorOf, type Problem, warningOf } from "../../host/problem";
import { problemError } from "../../host/ProblemError";
import { type Registration, registrationsOf } from "../../host/registrations";
import { Secret } from "../../host/secret";
import { type StackConfig, pulumiSource } from "../../settings/configuration";
import { encryptedValues } from "../../settings/read";
import type { SiteArguments } from "..";
import { refuse, warn } from "../refuse";
import { planDifference } from "./comparePlans";
import { parsePlan, type Plan, renderPlan } from "./plan";
import { planOf } from "./planOf";
import { PlanText, unknownValue } from "./PlanText";
import { StackKey } from "./StackKey";

/** The program from the preflight's answers on. */
type Deployment = (args: SiteArguments) => { readonly release?: pulumi.Output<string> };

/** Differing lines that the error shows. */
const shownLines = 40;

/**
 * Makes the preview a contract. A preview writes what it will make of the host into the file TRACKS_PLAN_OUT; an
 * `up` compares with the file TRACKS_PLAN, before it registers a resource.
 *
 * Both run the program once more, without an engine. Without the variables nothing is done. A preview that could not
 * reach the host writes no plan, which would hold whatever is there by then, and leaves no former one there.
 *
 * @throws ProblemError in an `up` that differs, with the lines; a preview warns. Also for a file that is no plan
 *   of this stack, and one that can't be read or written
 */
export async function keepPlan(
  config: StackConfig,
  args: SiteArguments,
  deployment: Deployment,
): Promise<void> {
  const output = pulumi.runtime.isDryRun() ? process.env["TRACKS_PLAN_OUT"] : undefined;
  const file = process.env["TRACKS_PLAN"];
  if (!output && !file) return;
  const { facts } = args.host;
  if (facts === undefined) {
    if (output) await writeNone(output);
    return;
  }
  const planned = file ? await read(file) : undefined;
  const found = await planDeployment(config, args, facts, deployment);
  if (output) await write(output, found);
  if (planned !== undefined) refuse(compare(file ?? "", planned, found));
}

async function planDeployment(
  config: StackConfig,
  args: SiteArguments,
  facts: HostFacts,
  deployment: Deployment,
): Promise<Plan> {
  const scope = `${pulumi.getProject()}.${pulumi.getStack()}`;
  const { connection } = args.host;
  // With a sudo password every manifest would be secret as a whole.
  const host = { facts, connection: { ...connection, privilege: { kind: "root" } } } as const;
  let release: string | undefined;
  const { registrations } = await registrationsOf(() => {
    const outputs = deployment({ ...args, host });
    if (outputs.release === undefined) release = "none";
    // Not called while it is unknown.
    outputs.release?.apply((known) => (release = known));
  }, generatedValues);
  const secrets = secretsIn(config).map((one) => one.reveal());
  // Another encrypted setting can be easy to guess: of a list, all but one text may be in the stack's file.
  const key = StackKey.of(scope, secrets);
  const text = new PlanText(key, [...secrets, ...encryptedValues(pulumiSource())]);
  return planOf({ scope, login: connection, facts, release, registrations, text });
}

/** A generated password is unknown until it is there; the lines around it are not. */
function generatedValues({ type }: Registration): Readonly<Record<string, unknown>> {
  return type === "random:index/randomPassword:RandomPassword"
    ? { result: pulumi.secret(unknownValue) }
    : {};
}

/** Every secret of the configuration, wherever it is. */
function secretsIn(value: unknown): Secret[] {
  if (value instanceof Secret) return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(secretsIn);
}

function compare(file: string, planned: Plan, found: Plan): Problem[] {
  const fix = [
    `TRACKS_PLAN_OUT=${file} pulumi preview   (read it, then deploy with its plan)`,
    "or leave TRACKS_PLAN out, to deploy what is there now",
  ];
  if (planned.scope !== found.scope) {
    return [
      errorOf({
        subject: "TRACKS_PLAN",
        given: `${file}, the plan of ${planned.scope}`,
        allowed: `a plan of ${found.scope}`,
        fix,
      }),
    ];
  }
  const lines = planDifference(planned, found);
  if (lines.length === 0) return [];
  return [
    errorOf({
      subject: "This deployment is not the one of the preview",
      given: `TRACKS_PLAN, ${file}`,
      found: ["- as planned, + as it is now:", ...firstLines(lines, shownLines)].join("\n"),
      fix,
    }),
  ];
}

async function write(file: string, plan: Plan): Promise<void> {
  await writing(file, writeFile(file, renderPlan(plan), { mode: 0o600 }));
}

async function writeNone(file: string): Promise<void> {
  await writing(file, removePlan(file));
  warn([
    warningOf({
      subject: "This preview writes no plan",
      given: `TRACKS_PLAN_OUT, ${file}`,
      found: "a host that can't be reached",
      fix: ["run the preview again when the host answers"],
      reason: "Such a plan would hold whatever is on the host by then.",
    }),
  ]);
}

/** Leaves alone what is no file, such as /dev/stdout. */
async function removePlan(file: string): Promise<void> {
  const found = await lstat(file).catch(() => undefined);
  if (found?.isFile()) await rm(file, { force: true });
}

async function writing(file: string, done: Promise<void>): Promise<void> {
  try {
    await done;
  } catch (error) {
    throw problemError({
      subject: "TRACKS_PLAN_OUT",
      given: file,
      allowed: "a file that can be written",
      reason: String(error),
    });
  }
}

async function read(file: string): Promise<Plan> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw problemError({
      subject: "TRACKS_PLAN",
      given: file,
      allowed: "the file that a preview wrote",
      fix: ["TRACKS_PLAN_OUT=FILE pulumi preview   (writes one)"],
      reason: String(error),
    });
  }
  return parsePlan(text, file);
}
