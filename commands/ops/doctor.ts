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
import { openWorkspace } from "../workspace";
import { exitCodes } from "./exitCodes";
import { openSite, type Site } from "./site";
import { fullDisk } from "./status";
import { addVerb, type StackOption } from "./verb";

/** `doctor`: whether this machine and the host have what a deployment needs. */

/** What came of one check. */
export interface Finding {
  readonly check: string;
  readonly isFine: boolean;
  /** What was found; of a failure, what is wrong and how it is fixed. */
  readonly detail: string;
}

/** A check: it says what it found, or throws an error that says what to do. */
export type Check = readonly [name: string, look: () => Promise<string> | string];

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
    notes:
      "Reads only. Ends with 3 where a check fails; what depends on that one is not looked at.",
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
  await lookAt(stack, tell);
  const failed = findings.filter(({ isFine }) => !isFine).length;
  if (json === true) console.log(JSON.stringify(findings, undefined, 2));
  else console.log(`\n${findings.length - failed} fine, ${failed} not`);
  if (failed > 0) process.exitCode = exitCodes.notWell;
}

async function lookAt(stack: string | undefined, tell: (finding: Finding) => void): Promise<void> {
  let workspace: LocalWorkspace | undefined;
  let site: Site | undefined;
  const isReady = await run(
    [
      ["Node", () => `${process.versions.node}, at least ${engines.node.replace(/^\D+/, "")}`],
      [
        "pulumi",
        async () => {
          workspace = await openWorkspace();
          return workspace.pulumiVersion;
        },
      ],
      ["plugins", () => checkPlugins(workspace)],
      [
        "settings",
        async () => {
          site = await openSite(stack);
          return `of the stack ${site.stack}`;
        },
      ],
    ],
    tell,
  );
  if (!isReady || site === undefined) return;
  const found = site;
  let session: Session | undefined;
  try {
    const { address, port, user } = found.connection;
    const isReached = await run(
      [
        [
          "SSH",
          async () => {
            session = await openSession(found.connection, new Deadline(15));
            return `${user} at ${address}:${port}, with the pinned host key`;
          },
        ],
      ],
      tell,
    );
    if (isReached && session !== undefined) await run(hostChecks(found, session), tell);
  } finally {
    session?.close();
  }
}

function hostChecks(site: Site, session: Session): Check[] {
  const { connection, configuration, scope } = site;
  const { application } = configuration;
  const forwarding = application?.database && postgresForwarding(application.database);
  let distribution = "";
  let facts: HostFacts | undefined;
  const needsSftp =
    application?.django.source.kind === "folder" || application?.migration !== undefined;
  return [
    ["system", async () => (distribution = await checkSystem(session, new Deadline(60)))],
    [
      "root",
      async () => {
        await checkPrivilege(session, connection, new Deadline(30));
        return connection.privilege.kind === "root" ? "the login is root" : "by sudo";
      },
    ],
    ...(needsSftp
      ? [
          [
            "SFTP",
            async () => {
              await checkSftp(session, connection.user, new Deadline(30));
              return "source and dumps can be copied";
            },
          ] as const,
        ]
      : []),
    ...(forwarding
      ? [
          [
            "forwarding",
            async () => {
              await checkForwarding(session, forwarding, new Deadline(30));
              return `to PostgreSQL at ${forwarding.address}:${forwarding.port}`;
            },
          ] as const,
        ]
      : []),
    [
      "clock",
      async () => {
        const { stdout } = await session.exec(["date", "+%s"], "", new Deadline(30));
        return checkClock(Number(stdout) * 1000, Date.now());
      },
    ],
    [
      "disk",
      async () => {
        const words = ["df", "-P", "-k", configuration.site.siteRoot, "/var"];
        return checkDisks((await session.exec(words, "", new Deadline(30))).stdout);
      },
    ],
    [
      "host",
      async () => {
        const script = { text: hostScript(), scope };
        const questions = surveyQuestions(configuration);
        const deadline = new Deadline(120);
        facts = await survey(session, connection, script, questions, distribution, deadline);
        const { facts: known } = facts;
        const names = ["init", "package-manager", "python", "selinux", "firewalld"];
        return names.map((name) => `${name} ${known.get(name) ?? "unknown"}`).join(", ");
      },
    ],
    ["in the way", () => checkProblems(site, facts)],
  ];
}

/** Runs checks one after the other, up to the first that fails. */
export async function run(
  checks: readonly Check[],
  tell: (finding: Finding) => void,
): Promise<boolean> {
  for (const [check, look] of checks) {
    try {
      tell({ check, isFine: true, detail: await look() });
    } catch (error) {
      const said = error instanceof ProblemError ? error.reword(inStackKeys) : error;
      const detail = said instanceof Error ? said.message : String(said);
      tell({ check, isFine: false, detail });
      return false;
    }
  }
  return true;
}

/** The CLI would download what is missing at the next `pulumi up`, where it can. */
async function checkPlugins(workspace: LocalWorkspace | undefined): Promise<string> {
  const installed = (await workspace?.listPlugins()) ?? [];
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

function checkProblems({ configuration }: Site, facts: HostFacts | undefined): string {
  if (facts === undefined) return "nothing";
  const { application } = configuration;
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

/** A finding for a person. */
export function describeFinding({ check, isFine, detail }: Finding): string {
  return `${isFine ? "ok  " : "FAIL"}  ${check.padEnd(12)}${detail.replaceAll("\n", `\n${" ".repeat(18)}`)}`;
}
