import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { basename } from "node:path";
import { finished, pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { problemError } from "../../host/ProblemError";
import { verbAnswer } from "../../host/script/verb";
import { Deadline } from "../../host/ssh/deadline";
import { HostError } from "../../host/ssh/error";
import { startAsRoot } from "../../host/ssh/process";
import type { Session } from "../../host/ssh/session";
import { inCallersFolder } from "./callersFolder";
import { confirm } from "./confirm";
import { inApplication, managed, managePy } from "./environment";
import { onInterrupt } from "./onInterrupt";
import { inWords, Progress } from "./progress";
import { applicationOf, applicationWords, onHost, openSite, type Site } from "./site";
import { addVerb, passWordsOn, type StackOption } from "./verb";
import { whileHeard } from "./whileHeard";

/** `dumpdata` and `loaddata`: the application's data to and from a file of this machine. */

interface Options extends StackOption {
  readonly dev?: boolean;
  readonly yes?: boolean;
}

/** Seconds that a backup of the database may take. */
const backupSeconds = 3600;

export function addData(program: Command): void {
  const dumpVerb = addVerb(program, "dumpdata", {
    does: "write the application's data into a file of this machine, as JSON",
    examples: [
      "",
      "production.json",
      "targets.json roasted.target",
      "--stack production all.json --exclude sessions",
    ],
    notes:
      "The file is yours alone (0600), and there only when it is whole. manage.py's own options stand behind FILE;\n--indent 1 is given where no other is.",
  })
    .argument("[file]", "where to; else dumpdata_STACK.json")
    .argument("[args...]", "what manage.py dumpdata is given besides: models, --exclude ...")
    .option("--dev", "without PRODUCTION: the sqlite file's data")
    .option("--yes", "replace a file that is there, without a question");
  passWordsOn(dumpVerb).action(dumpdata);
  addVerb(program, "loaddata", {
    does: "load a file of this machine into the application's database",
    examples: ["production.json --dev", "--stack dev production.json", "targets.json --yes"],
    notes:
      "Django loads the file in one transaction: all of it, or nothing. The database is backed up on the host first.",
  })
    .argument("<file>", "what dumpdata has written: .json, .jsonl, .xml or .yaml")
    .option("--dev", "without PRODUCTION: into the sqlite file")
    .option("--yes", "load it without a question")
    .action(loaddata);
}

async function dumpdata(
  named: string | undefined,
  args: readonly string[],
  { stack, dev = false, yes = false }: Options,
): Promise<void> {
  const site = await openSite(stack);
  const file = inCallersFolder(named ?? `dumpdata_${site.stack}${dev ? "_dev" : ""}.json`);
  const there = await stat(file).catch(() => undefined);
  if (there?.isDirectory() === true) throw new Error(`${file} is a folder: name a file.`);
  const consequences = { does: `This replaces ${file}.`, undo: "It can't be undone." };
  if (there !== undefined && !(await confirm(consequences, { yes }))) return;
  const indent = args.some((word) => word.startsWith("--indent")) ? [] : ["--indent", "1"];
  const size = await onHost(site, async (session) => {
    const words = await managed(site, session, ["dumpdata", ...indent, ...args], { dev });
    return receive(session, site, words, file);
  });
  console.error(`${file}: ${inWords(size)}`);
}

/** Streams what a program prints into a file, which is there when the program has succeeded. */
async function receive(
  session: Session,
  { connection }: Site,
  words: readonly string[],
  file: string,
): Promise<number> {
  const unfinished = `${file}.${process.pid}.part`;
  const target = await open(unfinished, "wx", 0o600);
  const interruptAsUsual = onInterrupt(() => {
    session.close();
  });
  try {
    const remote = await startAsRoot(session, connection, words);
    remote.stderr.pipe(process.stderr, { end: false });
    const progress = new Progress("received");
    const [exitCode] = await Promise.all([
      remote.ended,
      pipeline(remote.stdout, progress, target.createWriteStream({ flush: true })),
    ]);
    if (exitCode !== 0) {
      throw new Error(`manage.py dumpdata failed on the host (exit ${exitCode ?? "signal"}).`);
    }
    await rename(unfinished, file);
    return progress.bytes;
  } catch (error) {
    await target.close().catch(() => undefined);
    await rm(unfinished, { force: true });
    throw error;
  } finally {
    interruptAsUsual();
  }
}

async function loaddata(named: string, { stack, dev = false, yes = false }: Options) {
  const path = inCallersFolder(named);
  const name = nameOnHost(path);
  // Opened before anything is asked or done: it may not be readable.
  const file = await open(path);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error(`${path} is not a file.`);
    await loadFile({ file, path, name, size: stats.size }, { stack, dev, yes });
  } finally {
    await file.close();
  }
}

/** A file of this machine. */
interface Source {
  readonly file: FileHandle;
  readonly path: string;
  /** What it is called on the host. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** Django knows by the ending what is in a file. @throws ProblemError for another ending */
export function nameOnHost(path: string): string {
  const ending = /\.(?:json|jsonl|xml|yaml)$/i.exec(path)?.[0];
  if (ending !== undefined) return `data${ending.toLowerCase()}`;
  throw problemError({
    subject: `Django can't tell what is in ${path}`,
    found: "another ending",
    allowed: ".json, .jsonl, .xml or .yaml",
    fix: ["rename it, or unpack it: what dumpdata has written is .json"],
  });
}

async function loadFile(
  source: Source,
  { stack, dev, yes }: { stack: string | undefined; dev: boolean; yes: boolean },
): Promise<void> {
  const site = await openSite(stack);
  const application = applicationOf(site);
  const database = dev || !application.production ? "sqlite file" : "PostgreSQL database";
  const agreed = await confirm(
    {
      does: `This loads ${basename(source.path)} (${inWords(source.size)}) into the ${database} of the stack ${site.stack} on ${site.connection.address}: rows with the same primary keys are overwritten.`,
      undo: `It can be undone by hand: the database is backed up in ${application.backups} first; see docs/failure.md.`,
    },
    { yes },
  );
  if (!agreed) return;
  await onHost(site, async (session) => {
    const backup = await backUp(session, site, { production: application.production && !dev });
    console.error(`backed up to ${backup}`);
    await send(session, site, source, dev);
  });
}

/**
 * Backs the database up on the host.
 *
 * @returns path of the backup there
 * @throws HostError where there is none
 */
async function backUp(
  session: Session,
  site: Site,
  { production }: { production: boolean },
): Promise<string> {
  const application = applicationOf(site);
  const binaries = site.configuration.application?.database?.binaries;
  const client = binaries === undefined || binaries === "auto" ? [] : [`client=${binaries}`];
  const words = [
    ...["backup", ...applicationWords({ ...application, production })],
    ...[`backups=${application.backups}`, "label=loaddata", ...client],
  ];
  const subject = "Nothing was loaded";
  const answer = await verbAnswer(
    subject,
    session,
    site.connection,
    { scope: site.scope, words },
    new Deadline(backupSeconds),
  );
  return pathOfBackup(subject, answer);
}

/** Reads what the host script's `backup` prints. @throws HostError where that names no backup */
export function pathOfBackup(subject: string, answer: string): string {
  const path = /^backup (\/.*)\n$/.exec(answer)?.[1];
  if (path !== undefined) return path;
  throw new HostError("script", {
    subject,
    found: answer.trim() || "no answer",
    allowed: "a backup of the database on the host, before anything changes it",
  });
}

/**
 * What takes the file on the host, as the application's user, whole or not at all, and loads it. Django before 2.0
 * loads nothing from its stdin, so it is in a directory of that user's alone meanwhile.
 *
 * @param folder where that directory is made
 * @param size bytes of the file
 */
export function whenReceived(
  folder: string,
  name: string,
  size: number,
  program: readonly string[],
): string[] {
  return ["sh", "-c", receiver, "sh", folder, name, String(size), ...program];
}

const receiver = [
  `umask 077`,
  `folder=$(mktemp -d "$1/.loaddata-XXXXXX") || exit`,
  `trap 'rm -rf -- "$folder"' EXIT`,
  `trap 'exit 1' HUP INT TERM`,
  `head -c "$3" >"$folder/$2" || exit`,
  `[ "$(wc -c <"$folder/$2")" -eq "$3" ] || { echo "the file did not arrive whole" >&2; exit 1; }`,
  `file=$folder/$2`,
  `shift 3`,
  `"$@" "$file"`,
].join("; ");

async function send(
  session: Session,
  site: Site,
  { file, name, size }: Source,
  dev: boolean,
): Promise<void> {
  const application = applicationOf(site);
  const program = whileHeard([...managePy(application), "loaddata"]);
  const receiving = whenReceived(application.backups, name, size, program);
  const words = await inApplication(site, session, receiving, { dev });
  const remote = await startAsRoot(session, site.connection, words);
  remote.stdout.pipe(process.stdout, { end: false });
  remote.stderr.pipe(process.stderr, { end: false });
  const progress = new Progress("sent");
  const content = size === 0 ? [] : file.createReadStream({ end: size - 1, autoClose: false });
  const sending = pipeline(content, progress, remote.stdin, { end: false });
  sending
    // A program that fails reads no further: its own words are the reason.
    .catch(() => undefined)
    .finally(() => {
      // The file was cut meanwhile, or can't be read: nobody must wait for the rest.
      if (progress.bytes < size) remote.stdin.end();
    });
  const exitCode = await remote.ended;
  if (exitCode !== 0) {
    throw new Error(
      `manage.py loaddata failed on the host (exit ${exitCode ?? "signal"}): nothing was loaded.`,
    );
  }
  await finished(remote.stdout).catch(() => undefined);
}
