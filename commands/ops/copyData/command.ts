import type { Command } from "commander";
import { problemError } from "../../../host/ProblemError";
import { commandLine } from "../../../host/ssh/commandLine";
import { confirm, confirmInPerson } from "../confirm";
import { inWords } from "../progress";
import { applicationOf, commandFor, onHost, openSite, type Site } from "../site";
import { addVerb, StackArgument } from "../verb";
import { CopySource, CopyTarget, type SourceFacts, type TargetFacts } from "./ends";
import { withPrivateFile } from "./privateFile";
import { addModel, ScrubOption, type ScrubRule } from "./scrub";

/** `copy-data`: one site's data in place of another's, without what only production may have. */

interface Options {
  readonly rules?: readonly ScrubRule[];
  /** False with `--no-scrub`. */
  readonly scrub?: boolean;
  readonly exclude?: readonly string[];
  readonly yes?: boolean;
}

export function addCopyData(program: Command): void {
  addVerb(program, "copy-data", {
    does: "replace the data of a development site by a scrubbed copy of another site's",
    examples: [
      "production dev",
      "production dev --scrub roasted.redirecthit.user_agent= --exclude admin.logentry",
      "production dev --scrub auth.user.username=user{pk}",
    ],
    notes: [
      "TO is a stack with tracks:production false; its sqlite file is backed up first, and the command that restores it",
      "is printed. Users' passwords (unusable then) and e-mail addresses (empty) are scrubbed on FROM's host, before",
      "anything leaves it; --no-scrub leaves them as they are, and asks a question that --yes does not answer. Sessions",
      "never leave. Name other personal data yourself, with --scrub and --exclude.",
      "Where TO needs another passphrase than FROM, give it in TO_PULUMI_CONFIG_PASSPHRASE.",
    ].join("\n"),
    takesStack: false,
  })
    .addArgument(new StackArgument("<from>", "stack whose data are copied"))
    .addArgument(new StackArgument("<to>", "stack whose data are replaced"))
    .addOption(new ScrubOption())
    .option("--no-scrub", "leave users' passwords and e-mail addresses in the copy")
    .option("--exclude <app.model>", "leave the rows of this model out", addModel)
    .option("--yes", "replace TO's data without a question")
    .action(copyData);
}

async function copyData(from: string, to: string, options: Options): Promise<void> {
  const source = await openSite(from);
  const variables = variablesOfTarget(process.env);
  const target = await openSite(to, variables);
  refuseTarget(source, target);
  const { rules = [], exclude = [], scrub = true } = options;
  const selection = { defaults: scrub, scrub: rules, exclude };
  const reader = new CopySource(source, target, selection);
  const writer = new CopyTarget(target, source);
  const facts = await onHost(source, (session) => reader.look(session));
  const place = await onHost(target, (session) => writer.look(session, facts));
  refuseData(source, target, facts, place);

  if (!(await confirm(consequences(source, target, facts, exclude), options))) return;
  if (!scrub && !(await confirmInPerson(unscrubbed(source)))) return;
  const tell = (line: string): void => {
    tellLine(line, (backup) => restoreCommand(target, backup, place.path, Object.keys(variables)));
  };
  let fate = `The data of the stack ${target.stack} are as they were.`;
  await withPrivateFile(
    async (path) => {
      const dump = await onHost(source, (session) => reader.dump(session, path));
      console.error(`copied ${inWords(dump.size)} from ${source.connection.address}`);
      fate = `Whether the data of the stack ${target.stack} were replaced, this tells: ${commandFor(target, "audit")}`;
      await onHost(target, (session) => writer.load(session, dump, tell));
    },
    () => fate,
  );
  if (scrub) {
    console.error(
      `Nobody has a password there now: ${commandFor(target, "createsuperuser")}, or ${commandFor(target, "manage", "changepassword NAME")}`,
    );
  }
}

/**
 * In which variables Pulumi's environment for TO differs from that for FROM: `TO_PULUMI_CONFIG_PASSPHRASE`
 * has TO's `PULUMI_CONFIG_PASSPHRASE`, and so on.
 */
export function variablesOfTarget(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      name.startsWith("TO_PULUMI_") && value !== undefined
        ? [[name.slice("TO_".length), value]]
        : [],
    ),
  );
}

/** @throws ProblemError where the stack's data must not be replaced, whatever anybody answers */
export function refuseTarget(source: Site, target: Site): void {
  if (source.stack === target.stack) {
    throw problemError({
      subject: `The data of the stack ${target.stack} can't be a copy of themselves`,
      fix: ["npm run ops -- copy-data FROM TO   (two stacks)"],
    });
  }
  applicationOf(source);
  if (applicationOf(target).production) {
    throw problemError({
      subject: `The data of the stack ${target.stack} are never replaced`,
      found: "tracks:production is true for it",
      allowed: "a stack with tracks:production false",
      reason: "Production data would be lost. Neither --yes nor another option changes that.",
    });
  }
}

/** @throws ProblemError where the data don't fit */
export function refuseData(
  source: Pick<Site, "stack" | "connection">,
  target: Pick<Site, "stack" | "connection">,
  { file }: Pick<SourceFacts, "file">,
  place: TargetFacts,
): void {
  const deploy = `pulumi up --stack ${target.stack}`;
  // By no name: both stacks may reach one host by different addresses, and one file by different paths.
  if (file !== null && file === place.file) {
    throw problemError({
      subject: `The stacks ${source.stack} and ${target.stack} have the same database`,
      found: `${place.path} on ${target.connection.address}`,
    });
  }
  if (place.lacking.length > 0) {
    throw problemError({
      subject: `The release of the stack ${target.stack} lacks migrations that the data of ${source.stack} were written with`,
      found: place.lacking.join("\n"),
      fix: [`${deploy}   (with the release that has them)`],
    });
  }
  if (place.pending === null || place.pending.length > 0) {
    throw problemError({
      subject: `The database of the stack ${target.stack} has not all tables of its release`,
      found: place.pending?.join("\n") ?? `no database at ${place.path}`,
      fix: [commandFor(target, "manage", "migrate"), `or ${deploy}`],
    });
  }
}

function consequences(
  source: Site,
  target: Site,
  { scrub }: SourceFacts,
  exclude: readonly string[],
) {
  const left = ["sessions", ...exclude].join(", ");
  return {
    does: [
      `This replaces all data of the stack ${target.stack} on ${target.connection.address} by a copy of those of the stack ${source.stack} on ${source.connection.address}.`,
      `Scrubbed before they leave ${source.connection.address}: ${scrub.join(", ") || "nothing"}. Left out: ${left}.`,
    ].join("\n"),
    undo: `It can be undone: the sqlite file is backed up in ${applicationOf(target).backups} first.`,
  };
}

function unscrubbed({ stack, connection }: Site) {
  return {
    does: `With --no-scrub, password hashes and e-mail addresses of the users of ${stack} leave ${connection.address} as they are.`,
    undo: "What has left can't be called back.",
  };
}

/** Passes a line of the host's on to a person. */
function tellLine(line: string, restore: (backup: string) => string): void {
  const [, kind, words = ""] = /^(\w+) (.*)$/.exec(line) ?? [];
  if (kind === "loaded") console.log(words);
  else if (kind === "backup") {
    console.error(`backed up to ${words}; to restore it:`);
    console.error(`  ${restore(words)}`);
  } else if (kind === "note") console.error(words);
}

/**
 * The command that puts the backup back. Without the service nobody writes to the file meanwhile; what
 * sqlite has beside it belongs to the data that go.
 *
 * @param variables of Pulumi's that have another value for the target, in this shell's `TO_...`
 */
export function restoreCommand(
  target: Pick<Site, "stack">,
  backup: string,
  database: string,
  variables: readonly string[],
): string {
  const beside = ["-journal", "-wal", "-shm"].map((end) => `${database}${end}`);
  const copy = [
    ["rm", "-f", ...beside],
    ["cp", backup, database],
  ]
    .map(commandLine)
    .join(" && ");
  const commands = [
    commandFor(target, "stop", "uwsgi --yes"),
    commandFor(target, "ssh", "--deployer", commandLine(["sh", "-c", copy])),
    commandFor(target, "start", "uwsgi"),
  ].join(" && ");
  if (variables.length === 0) return commands;
  return `(export ${variables.map((name) => `${name}="$TO_${name}"`).join(" ")}; ${commands})`;
}
