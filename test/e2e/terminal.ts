import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { execa } from "execa";

/** Line that a person types when the terminal asks. */
export interface Answer {
  /** End of the question. */
  readonly when: RegExp;
  readonly type: string;
}

/** Folder and environment of a person at a terminal. */
export interface Seat {
  readonly folder: string;
  /** Variables besides those of this process; an undefined one is not there. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** In the order of the questions. */
  readonly answers?: readonly Answer[];
  /** Milliseconds until it is given up. @default 250_000, less than a test has, so that what was shown is in the error */
  readonly timeout?: number;
}

/**
 * Runs lines of a page in bash at a terminal, as a person does who copies them; questions of Pulumi
 * whether to go on are answered by yes.
 *
 * @returns what the terminal showed, without its control characters
 * @throws Error with what it showed, when a line fails: the lines after it don't run
 */
export async function atTerminal(lines: string, seat: Seat): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tracks-terminal-"));
  try {
    const file = join(folder, "lines.sh");
    await writeFile(file, lines);
    const person = execa("script", ["-qefc", `bash -e ${file}`, "/dev/null"], {
      cwd: seat.folder,
      env: {
        ...{ ...seat.environment, TERM: "xterm", PULUMI_SKIP_CONFIRMATIONS: "true" },
        // A pipeline's variables would make the CLI ask nothing.
        PULUMI_DISABLE_CI_DETECTION: "true",
      },
      all: true,
      reject: false,
      timeout: seat.timeout ?? 250_000,
    });
    const answers = [...(seat.answers ?? [])];
    let shown = "";
    person.all.on("data", (chunk: Buffer) => {
      shown += stripVTControlCharacters(chunk.toString()).replaceAll("\r", "");
      const [next] = answers;
      if (next === undefined || !next.when.test(shown)) return;
      answers.shift();
      // The key itself: some programs read keys, not lines.
      person.stdin.write(`${next.type}\r`);
      shown += "\n";
    });
    const { exitCode, timedOut } = await person;
    if (timedOut) throw new Error(`did not end:\n${lines}\n${shown}`);
    if (exitCode !== 0) throw new Error(`exited ${exitCode ?? "by a signal"}:\n${lines}\n${shown}`);
    if (answers.length > 0) throw new Error(`${String(answers[0]?.when)} was not asked:\n${shown}`);
    return shown;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
