import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Argument, Command } from "commander";
import { execa } from "execa";
import { reportOf, rooms } from "./rooms";

/**
 * `npm run test:mutation`: changes one thing at a time in a room's code (a mutant), and runs the tests that
 * reach it. A mutant that no test notices survives, and is printed. A room takes minutes; what has not changed
 * since the last run is not tried again.
 */

const root = join(__dirname, "..", "..");

async function main(wanted: readonly string[]): Promise<void> {
  // Stryker ends its workers before these have removed what is theirs.
  const TMPDIR = mkdtempSync(join(tmpdir(), "tracks-mutation-"));
  const interruption = new AbortController();
  process.on("SIGINT", () => {
    interruption.abort();
  });
  for (const room of wanted) {
    forgetSurvivors(room);
    const { exitCode } = await execa(
      "stryker",
      ["run", "test/mutation/stryker.config.mjs", "--mutate", `${room}/**/*.ts`],
      {
        cwd: root,
        preferLocal: true,
        env: { TRACKS_MUTATION_ROOM: room, TMPDIR },
        stdio: "inherit",
        reject: false,
      },
    );
    if (exitCode !== 0) process.exitCode = 1;
    if (interruption.signal.aborted) break;
    for (const line of scores(room)) console.log(line);
  }
  rmSync(TMPDIR, { recursive: true, force: true });
}

/** Stryker's report, as far as it is used here: https://github.com/stryker-mutator/mutation-testing-elements */
interface Report {
  files: Record<string, { mutants: { status: string }[] }>;
}

const NOTICED = ["Killed", "Timeout"];

/**
 * Has them tried again. Stryker would take over that no test noticed them, where the new test that would is in no
 * list of those that reach them: of what runs while a file is loaded there is no such list.
 */
function forgetSurvivors(room: string): void {
  const report = read(room);
  if (report === undefined) return;
  for (const file of Object.values(report.files)) {
    file.mutants = file.mutants.filter(({ status }) => NOTICED.includes(status));
  }
  writeFileSync(join(root, reportOf(room)), JSON.stringify(report));
}

function read(room: string): Report | undefined {
  const report = join(root, reportOf(room));
  return existsSync(report) ? (JSON.parse(readFileSync(report, "utf8")) as Report) : undefined;
}

/** A line for each file, and one for the room: how many of its mutants the tests noticed. */
function scores(room: string): string[] {
  const { files = {} } = read(room) ?? {};
  const counts = Object.entries(files).map(([file, { mutants }]) => {
    const count = (...statuses: string[]) =>
      mutants.filter(({ status }) => statuses.includes(status)).length;
    const noticed = count(...NOTICED);
    return { file, noticed, of: noticed + count("Survived", "NoCoverage") };
  });
  const sum = (key: "noticed" | "of") => counts.reduce((total, count) => total + count[key], 0);
  return [...counts, { file: room, noticed: sum("noticed"), of: sum("of") }].map(
    ({ file, noticed, of }) => `${file}: ${noticed} of ${of} mutants noticed`,
  );
}

const names = Object.keys(rooms);

void new Command("npm run test:mutation --")
  .description("Mutates a room's code, and counts the mutants that its tests notice.")
  .addArgument(
    new Argument("[room...]", "rooms to mutate (default: all)").choices(names).default(names),
  )
  .action(main)
  .parseAsync();
