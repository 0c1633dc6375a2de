import { readFileSync } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { LocalWorkspace } from "@pulumi/pulumi/automation";
import type { Command } from "commander";
import { hostScript } from "../../host/script/hostScript";
import { Deadline } from "../../host/ssh/deadline";
import { openSession, type Session } from "../../host/ssh/session";
import type { HostFacts } from "../../host/facts";
import { ofSeverity, problemText, reworded } from "../../host/problem";
import { ProblemError } from "../../host/ProblemError";
import { postgresForwarding } from "../../preflight/database/plan";
import { checkForwarding, checkPrivilege, checkSystem } from "../../preflight/host/checks";
import { checkSftp } from "../../preflight/host/sftp";
import { survey } from "../../preflight/host/survey";
import { unmetNeeds } from "../../preflight/needs";
import { surveyQuestions } from "../../preflight/questions";
import { inStackKeys } from "../../settings/argumentKeys";
import type { StackConfig } from "../../settings/configuration";
import { openWorkspace } from "../workspace";
import { exitCodes } from "./exitCodes";
import { type Check, checking, describeFinding, type Finding } from "./findings";
import { openSite, type Site } from "./site";
import { fullDisk } from "./siteProblems";
import { addVerb, type StackOption } from "./verb";

/** `doctor`: whether this machine and the host have what a deployment needs. */

/** What this program says that it needs. */
const { dependencies, engines } = JSON.parse(
  readFileSync(join(__dirname, "../../package.json"), "utf8"),
) as { dependencies: Record<string, string>; engines: { node: string } };

/** Seconds by which the clocks of host and machine may differ. */
const clockTolerance = 60;

export function addDoctor(program: Command): void {
  addVerb(program, "doctor", {
    does: "check this machine and the host for what a deployment needs, each failure with its fix",
    examples: ["", "--stack production", "--json"],
    notes: "Reads only. Ends with 3 where a check fails; checks that need it are left out.",
  })
    .option("--json", "print the checks as JSON")
    .action(doctor);
}

async function doctor({ stack, json }: StackOption & { json?: boolean }): Promise<void> {
  const findings: Finding[] = [];
  const tell = (finding: Finding): void => {
    findings.push(finding);
    if (json !== true) console.log(describeFinding(finding));
  };
  await lookAt(stack, checking(tell));
  const failed = findings.filter(({ isFine }) => !isFine).length;
  if (json === true) console.log(JSON.stringify(findings, undefined, 2));
  else console.log(`\n${findings.length - failed} fine, ${failed} not`);
  if (failed > 0) process.exitCode = exitCodes.notWell;
}

async function lookAt(stack: string | undefined, check: Check): Promise<void> {
  await check("Node", nodeVersion);
  const workspace = await check("pulumi", openWorkspace, ({ pulumiVersion }) => pulumiVersion);
  if (workspace === undefined) return;
  await check("plugins", () => checkPlugins(workspace));
  const site = await check(
    "settings",
    () => openSite(stack),
    (opened) => `of the stack ${opened.stack}`,
  );
  if (site === undefined) return;
  const { address, port, user } = site.connection;
  const session = await check(
    "SSH",
    () => openSession(site.connection, new Deadline(15)),
    () => `${user} at ${address}:${port}, with the pinned host key`,
  );
  if (session === undefined) return;
  try {
    await lookAtHost(site, session, check);
  } finally {
    session.close();
  }
}

/** Looks at the host, as far as each check that fails leaves others to make. */
export async function lookAtHost(
  site: Pick<Site, "connection" | "configuration" | "scope">,
  session: Session,
  check: Check,
): Promise<void> {
  const { connection, configuration } = site;
  const { application } = configuration;
  const forwarding = application?.database && postgresForwarding(application.database);
  const exec = async (...words: string[]) =>
    (await session.exec(words, "", new Deadline(30))).stdout;

  const system = await check("system", () => checkSystem(session, new Deadline(60)));
  const root = await check("root", async () => {
    await checkPrivilege(session, connection, new Deadline(30));
    return connection.privilege.kind === "root" ? "the login is root" : "by sudo";
  });
  if (application?.django.source.kind === "folder" || application?.migration !== undefined) {
    await check(
      "SFTP",
      () => checkSftp(session, connection.user, new Deadline(30)),
      () => "source and dumps can be copied",
    );
  }
  if (forwarding) {
    await check(
      "forwarding",
      () => checkForwarding(session, forwarding, new Deadline(30)),
      () => `to PostgreSQL at ${forwarding.address}:${forwarding.port}`,
    );
  }
  await check("clock", async () =>
    checkClock(Number(await exec("date", "+%s")) * 1000, Date.now()),
  );
  await check("disk", async () =>
    checkDisks(await exec("df", "-P", "-k", configuration.site.siteRoot, "/var")),
  );
  if (system === undefined || root === undefined) return;
  const facts = await check("host", () => surveyOf(site, session, system), describeHost);
  if (facts !== undefined) await check("in the way", () => checkProblems(configuration, facts));
}

function nodeVersion(): string {
  return `${process.versions.node}, at least ${engines.node.replace(/^\D+/, "")}`;
}

function surveyOf(
  { connection, configuration, scope }: Pick<Site, "connection" | "configuration" | "scope">,
  session: Session,
  system: string,
): Promise<HostFacts> {
  const script = { text: hostScript(), scope };
  const questions = surveyQuestions(configuration);
  return survey(session, connection, script, questions, system, new Deadline(120));
}

function describeHost({ facts }: HostFacts): string {
  return ["init", "package-manager", "python", "selinux", "firewalld"]
    .map((name) => `${name} ${facts.get(name) ?? "unknown"}`)
    .join(", ");
}

/** The CLI would download what is missing at the next `pulumi up`, where it can. */
async function checkPlugins(workspace: LocalWorkspace): Promise<string> {
  const installed = await workspace.listPlugins();
  const wanted = Object.entries(dependencies)
    .map(([name, version]) => [/^@pulumi\/(.*)$/.exec(name)?.[1] ?? "", version] as const)
    .filter(([name]) => name !== "" && name !== "pulumi");
  const missing: string[] = [];
  for (const [name, version] of wanted) {
    const isThere =
      installed.some((plugin) => plugin.name === name && plugin.version === version) ||
      (await isInPath(`pulumi-resource-${name}`));
    if (!isThere) missing.push(`pulumi plugin install resource ${name} v${version}`);
  }
  if (missing.length === 0) {
    return wanted.map(([name, version]) => `${name} ${version}`).join(", ");
  }
  throw new Error(`Plugins are missing. Run: ${missing.join(" && ")}`);
}

async function isInPath(program: string): Promise<boolean> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const isThere = await access(join(folder, program)).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
  }
  return false;
}

/** @param host and here: milliseconds since 1970 */
export function checkClock(host: number, here: number): string {
  const seconds = Math.round((host - here) / 1000);
  if (Number.isNaN(seconds)) throw new Error("The host does not tell its time: run `date` there.");
  if (Math.abs(seconds) <= clockTolerance) return `${Math.abs(seconds)} s from this machine's`;
  throw new Error(
    `The host's clock is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} this machine's: certificates and logs go by it. On the one that is wrong: systemctl enable --now chronyd && chronyc makestep`,
  );
}

/** @param answer of `df -P -k`; a path that is not there yet is none of its lines */
export function checkDisks(answer: string): string {
  const disks = new Map<string, number>();
  for (const [, percent, mount = ""] of answer.matchAll(/ (\d+)% (\/.*)$/gm)) {
    disks.set(mount, Number(percent));
  }
  const full = [...disks].filter(([, percent]) => percent >= fullDisk);
  const text = (list: [string, number][]) =>
    list.map(([mount, percent]) => `${mount} ${percent} % used`).join(", ");
  if (full.length === 0) return text([...disks]);
  throw new Error(
    `${text(full)}: a deployment needs room for another release and a backup. Make room there, or lower tracks:keptReleases.`,
  );
}

function checkProblems({ application }: StackConfig, facts: HostFacts): string {
  const problems = facts.problems.map((problem) => reworded(problem, inStackKeys));
  const found = [...ofSeverity("error", problems)];
  if (application !== undefined) {
    const { interpreter, socket, stats } = application.uwsgi;
    const addresses = { "tracks:uwsgiSocket": socket, "tracks:uwsgiStats": stats };
    found.push(...unmetNeeds({ addresses, interpreter, loadsDump: false }, facts));
  }
  if (found.length > 0) throw new ProblemError("What refuses the next pulumi up", found);
  const warnings = ofSeverity("warning", problems).map(problemText);
  return ["nothing", ...warnings].join("\n");
}
