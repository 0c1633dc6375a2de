import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { down, list } from "../dev/lab/host";
import { kill } from "../dev/lab/process";

/** Tells the processes of one run of the tests from everything else on this machine. */
const MARK = "TRACKS_TEST_RUN";

/**
 * One run of the tests, as far as it leaves something behind: folders, lab hosts, processes.
 *
 * A test takes down what it made. Where it can't, since it was ended itself, {@link TestRun.end} does.
 */
export class TestRun {
  private readonly interruption = new AbortController();

  private constructor(
    /** Everything temporary of the run lies below it. */
    readonly folder: string,
  ) {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      // Stays for a second Ctrl-C, which must not end this before everything is taken down.
      process.on(signal, () => {
        this.interruption.abort();
      });
    }
  }

  /** Aborted by Ctrl-C, or by SIGTERM: what the run started has to end. */
  get interrupted(): AbortSignal {
    return this.interruption.signal;
  }

  static async begin(): Promise<TestRun> {
    // Short: paths of sockets, which may have 107 bytes, begin with it.
    const folder = await mkdtemp(join(tmpdir(), "tracks-"));
    // As /tmp itself: some tests change to other users, who go through it and write to it.
    await chmod(folder, 0o1777);
    return new TestRun(folder);
  }

  /** For everything that the run starts. */
  get environment(): Record<string, string> {
    return { TMPDIR: this.folder, [MARK]: this.folder };
  }

  /** Ends what still runs, takes lab hosts down, and removes the folder. */
  async end(): Promise<void> {
    for (let left = await this.processes(); left.length > 0; left = await this.processes()) {
      for (const pid of left) kill(pid);
      await sleep(20);
    }
    for (const labDirectory of await this.labDirectories()) {
      process.env["TRACKS_LAB_DIR"] = labDirectory;
      for (const { name } of await list()) {
        console.log(`Took down the lab host ${name}, which a test left behind.`);
        await down(name);
      }
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Folders that hold a lab, below the temporary folder of a test. */
  private async labDirectories(): Promise<string[]> {
    const found: string[] = [];
    for (const entry of await readdir(this.folder)) {
      for (const lab of ["", "lab", ".lab"]) {
        const candidate = join(this.folder, entry, lab);
        const entries: string[] = await readdir(candidate).catch(() => []);
        if (entries.includes("hosts")) found.push(candidate);
      }
    }
    return found;
  }

  /** Processes that have the run's environment. */
  private async processes(): Promise<number[]> {
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
    const marked: number[] = [];
    for (const pid of pids) {
      const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
      if (environment.split("\0").includes(`${MARK}=${this.folder}`)) marked.push(pid);
    }
    return marked;
  }
}
