import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa, execaSync } from "execa";
import { hostScript } from "../../host/script/hostScript";

/** Result of one run of the script. */
export interface Run {
  /** Undefined when a signal ended it. */
  code: number | undefined;
  stdout: string;
  stderr: string;
  /** The last line of stderr: the reason of a failure. */
  reason: string;
  milliseconds: number;
}

const standIns = join(__dirname, "commands");

/** Versions of Enterprise Linux that the stand-ins answer for; see words/README.md. */
export type EnterpriseLinux = 6 | 7 | 8 | 9 | 10;

/** Commands that a version does not have. */
const missingOn: Partial<Record<EnterpriseLinux, readonly string[]>> = {
  6: ["dnf", "firewall-cmd", "firewall-offline-cmd", "systemctl"],
  7: ["dnf"],
};

/**
 * A host in a directory: the real script runs on it, as root, with stand-ins for the commands that
 * would change this machine.
 *
 * Users of the root are a few of this machine's own, since files really are given to them.
 */
export class PrivateRoot {
  readonly root = mkdtempSync(join(tmpdir(), "tracks-host-"));

  constructor({ el = 9 }: { el?: EnterpriseLinux } = {}) {
    chmodSync(this.root, 0o755);
    for (const directory of [
      "etc/nginx/conf.d",
      "etc/logrotate.d",
      "etc/sudoers.d",
      el === 6 ? "run" : "run/systemd/system",
      "usr/local/libexec/tracks",
      "var/log/nginx",
      "var/lib",
      "home",
      "counted",
      "stand-ins",
      "services/nginx",
      "booleans",
    ]) {
      mkdirSync(join(this.root, directory), { recursive: true });
    }
    const accounts = ["root", "daemon", "games"];
    const lines = (file: string): string =>
      readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => accounts.some((account) => line.startsWith(`${account}:`)))
        .join("\n") + "\n";
    this.write("/etc/passwd", lines("/etc/passwd"));
    this.write("/etc/group", `${lines("/etc/group")}wheel:x:10:\n`);
    this.write("/etc/shadow", accounts.map((account) => `${account}:*:19000::::::\n`).join(""));
    this.write("/bin/bash", "", 0o755);
    this.write("/etc/sudoers", "root ALL=(ALL) ALL\n#includedir /etc/sudoers.d\n", 0o440);
    this.write("/el", `${el}\n`);
    if (el === 6) this.write("/etc/redhat-release", "CentOS release 6.10 (Final)\n");
    else {
      const name = `ID="rocky"\nVERSION_ID="${el}.4"\nPRETTY_NAME="Rocky Linux ${el}.4"\n`;
      this.write("/etc/os-release", name);
    }
    for (const name of readdirSync(standIns)) {
      if (missingOn[el]?.includes(name) === true) continue;
      symlinkSync(join(standIns, name), this.at(`/stand-ins/${name}`));
    }
    symlinkSync(join(standIns, "../words"), this.at("/words"));
    this.write("/rpmdb", "nginx\n");
    this.write("/repository", "");
    this.write("/etc/nginx/nginx.conf", vendorNginxConf);
    this.write("/etc/nginx/mime.types", "types { }\n");
    this.write("/etc/nginx/conf.d/default.conf", "server { }\n");
    this.write("/etc/logrotate.conf", "weekly\ninclude /etc/logrotate.d\n");
    this.installScript("tracks.dev");
  }

  /** The script under a scope's name, as the program installs it. */
  installScript(scope: string): void {
    this.write(`/usr/local/libexec/tracks/${scope}`, hostScript(), 0o755);
  }

  /** Fails when a stand-in had no answer to a question: the test would prove nothing. */
  private refuseUnanswered(): void {
    if (!this.exists("/unanswered")) return;
    const questions = this.read("/unanswered");
    this.forgetUnanswered();
    throw new Error(`a stand-in was asked what it has no answer for:\n${questions}`);
  }

  /** For a test of the stand-ins themselves. */
  forgetUnanswered(): void {
    rmSync(this.at("/unanswered"), { force: true });
  }

  /** Ends what was started here, and removes the directory. */
  remove(): void {
    const pid = this.masterPid();
    if (pid !== undefined) {
      try {
        process.kill(-pid, "SIGKILL");
      } catch {
        // It ended by itself.
      }
    }
    try {
      this.refuseUnanswered();
    } finally {
      rmSync(this.root, { recursive: true, force: true });
    }
  }

  /** Counts calls of the plain commands too, so that {@link killAt} can strike before each of them. */
  countPlainCommands(): void {
    for (const command of ["mv", "ln", "cp", "rm", "mkdir", "chmod", "chown", "install", "find"]) {
      symlinkSync(join(standIns, "plain-command"), this.at(`/counted/${command}`));
    }
  }

  /** Makes the script really change to the users whose commands it runs, so that their rights apply. */
  switchUsers(): void {
    this.write("/switch-users", "");
  }

  /** Ends the next run with a signal just before its n-th command. */
  killAt(command: number, signal: "KILL" | "TERM" = "KILL"): void {
    this.write("/kill-signal", signal);
    this.write("/kill-at", `${command}\n`);
  }

  /** Ends the next runs by SIGKILL just before a file whose name begins so is renamed into place. */
  killBeforeKeeping(name: string): void {
    const kill = `case "$*" in */kept/${name}*) kill -KILL "$(cat "$TRACKS_ROOT/script-pid")"; exit 1 ;; esac`;
    this.write("/counted/mv", `#!/bin/sh\n${kill}\nexec /bin/mv "$@"\n`, 0o755);
  }

  /** Starts nginx as it runs before we come: as a service, or by hand. */
  startNginx({ byHand = false } = {}): void {
    if (byHand) this.command("nginx");
    else this.command("systemctl", "start", "nginx.service");
  }

  /** Runs a command of the root, as its administrator. */
  command(name: string, ...words: string[]): void {
    execaSync(join(standIns, name), words, {
      extendEnv: false,
      env: { PATH: `${this.at("/stand-ins")}:${process.env.PATH ?? ""}`, TRACKS_ROOT: this.root },
    });
  }

  masterPid(): number | undefined {
    const file = this.at("/run/nginx.pid");
    const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
    return pid > 0 ? pid : undefined;
  }

  at(path: string): string {
    return join(this.root, path);
  }

  exists(path: string): boolean {
    return lstatSync(this.at(path), { throwIfNoEntry: false }) !== undefined;
  }

  read(path: string): string {
    return readFileSync(this.at(path), "utf8");
  }

  linkTarget(path: string): string {
    return readlinkSync(this.at(path));
  }

  /** Owner, group and mode as `stat` names them, such as `root root 644`. */
  ownership(path: string): string {
    return execaSync("stat", ["-c", "%U %G %a", this.at(path)]).stdout;
  }

  write(path: string, content: string, mode = 0o644): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), content);
    chmodSync(this.at(path), mode);
  }

  /** Words of all commands that the script has called since the last look. */
  calls(): string[] {
    const file = this.at("/calls");
    const calls = existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
    rmSync(file, { force: true });
    return calls;
  }

  apply(
    text: string,
    options: { scope?: string; repair?: number; environment?: Environment; mounts?: string } = {},
  ) {
    const name = /^resource (.*)$/m.exec(text)?.[1] ?? "unnamed";
    const repair = options.repair === undefined ? [] : ["--repair", String(options.repair)];
    return this.run(["apply", name, ...repair], { ...options, input: text });
  }

  removeResource(name: string, options: { scope?: string; environment?: Environment } = {}) {
    return this.run(["remove", name], { ...options, input: "tracks-manifest 1\nend\n" });
  }

  /** Runs the installed script; resolves whatever its exit code is. */
  async run(
    words: string[],
    options: {
      scope?: string;
      input?: string;
      /**
       * Give the input in descriptor 3, and leave it open until the script ends, end it, or end it once the promise
       * is kept.
       */
      descriptor3?: "open" | "ended" | Promise<unknown>;
      environment?: Environment;
      /** Shell commands that mount file systems which this run alone sees. */
      mounts?: string;
    } = {},
  ): Promise<Run> {
    const script = this.at(`/usr/local/libexec/tracks/${options.scope ?? "tracks.dev"}`);
    const shell = process.env.TRACKS_TEST_BASH ?? "/bin/bash";
    // The script's own number, for the stand-in that ends it.
    const start = [
      `${options.mounts ?? ":"} || exit`,
      'echo $$ >"$TRACKS_ROOT/script-pid"',
      options.descriptor3 ? 'exec "$0" "$@" 3<&0 </dev/null' : 'exec "$0" "$@"',
    ].join("; ");
    const apart = options.mounts === undefined ? [] : ["unshare", "-m"];
    const [program = "", ...line] = [...apart, "/bin/sh", "-c", start, shell, script, ...words];
    const staysOpen = options.descriptor3 !== undefined && options.descriptor3 !== "ended";
    const running = execa(program, line, {
      ...(staysOpen ? { stdin: "pipe" } : { input: options.input ?? "" }),
      extendEnv: false,
      env: {
        PATH: `${this.at("/counted")}:${this.at("/stand-ins")}:/usr/sbin:/usr/bin:/sbin:/bin`,
        TRACKS_ROOT: this.root,
        // Without the process that ends it at its time limit: a test strikes the script itself.
        TRACKS_LIMITED: "yes",
        TRACKS_LOCK_WAIT: "2",
        TRACKS_PROOF_WAIT: "2",
        TRACKS_DATABASE_WAIT: "2",
        ...options.environment,
      },
      stripFinalNewline: false,
      reject: false,
    });
    if (staysOpen) {
      // A program that fails reads no further.
      running.stdin.on("error", () => undefined).write(options.input ?? "");
      if (typeof options.descriptor3 === "object") {
        void options.descriptor3.then(() => running.stdin.end());
      }
    }
    const result = await running;
    this.refuseUnanswered();
    const { exitCode, stdout, stderr, durationMs } = result;
    return {
      code: exitCode,
      stdout,
      stderr,
      reason: stderr.trimEnd().split("\n").at(-1) ?? "",
      milliseconds: durationMs,
    };
  }
}

type Environment = Record<string, string>;

/** The manifest of a resource from its entries, with or without the lines around them. */
export function manifest(name: string, subsystem: string, ...entries: string[]): string {
  return [
    "tracks-manifest 1",
    `resource ${name}`,
    `subsystem ${subsystem}`,
    "via root key SHA256:abc",
    ...entries,
    "end",
    "",
  ].join("\n");
}

/** nginx.conf as its package brings it. */
export const vendorNginxConf = [
  "user nginx;",
  "error_log /var/log/nginx/error.log;",
  "pid /run/nginx.pid;",
  "events {",
  "}",
  "http {",
  "  include conf.d/*.conf;",
  "}",
  "",
].join("\n");
