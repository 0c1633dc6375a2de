import { differencesText } from "../../host/difference";
import { errorOf, type Problem } from "../../host/problem";
import { commandFor, type Site } from "./site";
import type { SiteStatus } from "./siteStatus";

/** What is not as it should be with a site, each with what to do. */

/** Percent of a disk in use from which on it is a problem. */
export const fullDisk = 90;

type Stack = Pick<Site, "stack">;
type Facts = ReadonlyMap<string, string>;
type Found = Pick<SiteStatus, "services" | "disks" | "interrupted" | "drift" | "workers">;

/** @param facts of the host script's `status` */
export function siteProblems(stack: Stack, facts: Facts, found: Found): Problem[] {
  return [
    ...found.services.flatMap((service) => serviceProblems(stack, service)),
    ...siteSilent(stack, facts, found),
    ...otherRelease(stack, facts),
    ...allBusy(stack, found),
    ...found.disks.flatMap(diskFull),
    ...waitingSettings(stack, facts),
    ...found.interrupted.map((run) => interrupted(stack, run)),
    ...found.drift.map((resource) => drifted(stack, resource)),
  ];
}

function serviceProblems(
  { stack }: Stack,
  { name, isRunning, startsAtBoot }: Found["services"][number],
): Problem[] {
  if (!isRunning) {
    const subject = `${name} does not run`;
    return [errorOf({ subject, fix: [commandFor({ stack }, "start", name)] })];
  }
  if (startsAtBoot) return [];
  return [errorOf({ subject: `${name} does not start at boot`, fix: [upOf({ stack })] })];
}

/** Where a service is stopped, that is the problem. */
function siteSilent(stack: Stack, facts: Facts, { services }: Found): Problem[] {
  const { code } = answerOf(facts);
  if (/^[23]/.test(code ?? "") || services.some(({ isRunning }) => !isRunning)) return [];
  const answer = code === undefined ? "no answer" : `the status ${code},`;
  return [
    errorOf({
      subject: "The site does not answer as it should",
      found: `${answer} to a request on the host itself`,
      allowed: "a status from 200 to 399",
      fix: [commandFor(stack, "logs", "--no-follow")],
    }),
  ];
}

function otherRelease(stack: Stack, facts: Facts): Problem[] {
  const { release: answering } = answerOf(facts);
  const [current] = facts.get("release")?.split(" ") ?? [];
  if (current === undefined || answering === undefined || answering === current) return [];
  return [
    errorOf({
      subject: "uWSGI serves another release than the current one",
      found: `${answering} answers, and ${current} is the current one`,
      fix: [commandFor(stack, "reload", "uwsgi")],
    }),
  ];
}

/** The site's answer on the host itself: its status, and the release that gave it. */
function answerOf(facts: Facts): { code?: string | undefined; release?: string | undefined } {
  const [, code, release] = /^(\S+) release=(\S+)$/.exec(facts.get("site") ?? "") ?? [];
  return {
    code: code === "silent" ? undefined : code,
    release: release === "none" ? undefined : release,
  };
}

function allBusy(stack: Stack, { workers: { busy = 0, idle } }: Found): Problem[] {
  if (idle !== undefined || busy === 0) return [];
  return [
    errorOf({
      subject: `All ${busy} workers of uWSGI are busy`,
      fix: [
        `${commandFor(stack, "logs")}   (shows what they do)`,
        "or set tracks:uwsgiProcesses or tracks:uwsgiHarakiriSeconds",
      ],
    }),
  ];
}

function diskFull({ mount, usedPercent, availableMegabytes }: Found["disks"][number]): Problem[] {
  if (usedPercent < fullDisk) return [];
  return [
    errorOf({
      subject: `The disk of ${mount} is nearly full`,
      found: `${usedPercent} % are used, ${availableMegabytes} MB are left`,
      allowed: `less than ${fullDisk} %`,
      fix: ["make room there, or a larger disk"],
    }),
  ];
}

function waitingSettings(stack: Stack, facts: Facts): Problem[] {
  if (!facts.has("waiting-settings")) return [];
  return [errorOf({ subject: "New settings wait for a deployment", fix: [upOf(stack)] })];
}

function interrupted(
  { stack }: Stack,
  { subsystem, resource }: Found["interrupted"][number],
): Problem {
  return errorOf({
    subject: `A run that changed ${subsystem} was interrupted`,
    found: `its resource is ${resource}`,
    fix: [`npm run recover -- --stack ${stack}`],
  });
}

function drifted(stack: Stack, { resource, differences }: Found["drift"][number]): Problem {
  return errorOf({
    subject: `${resource} has drifted`,
    found: differencesText(differences),
    fix: [upOf(stack)],
  });
}

function upOf({ stack }: Stack): string {
  return `pulumi up --stack ${stack}`;
}
