import { readFileSync, readdirSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { execa, execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { holdLock } from "./heldLock";
import { manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

/** Two states of one tree that differ in every way a path can: made, changed, removed, owner, link. */
const states = {
  one: manifest(
    "nginx",
    "nginx",
    "file /etc/nginx/nginx.conf owner=root group=root mode=0644",
    "| pid /run/nginx.pid;",
    "| include conf.d/*.conf;",
    "| # state one",
    "directory /etc/nginx/sites owner=root group=root mode=0755",
    "file /etc/nginx/sites/one owner=root group=root mode=0644",
    "| one",
    "symlink /etc/nginx/link -> one",
    "directory /srv owner=root group=root mode=0755",
    "service nginx",
  ),
  two: manifest(
    "nginx",
    "nginx",
    "file /etc/nginx/nginx.conf owner=root group=root mode=0640",
    "| pid /run/nginx.pid;",
    "| include conf.d/*.conf;",
    "| # state two",
    "absent /etc/nginx/conf.d/default.conf",
    "directory /etc/nginx/sites owner=games group=games mode=0750",
    "symlink /etc/nginx/link -> two",
    "directory /srv owner=root group=root mode=0755",
    "directory /srv/two owner=root group=root mode=0755",
    "service nginx",
  ),
};

type State = keyof typeof states;

/** What a visitor of the host sees of its state: every file below two directories, and what nginx serves. */
function seen(): string {
  const lines = ["/etc/nginx", "/srv"].flatMap((top) =>
    readdirSync(host.at(top), { recursive: true })
      .map((name) => `${top}/${String(name)}`)
      .sort()
      .map((path) => `${path} ${host.ownership(path)} ${content(path)}`),
  );
  return [
    ...lines,
    host.read("/in-force").includes("state two") ? "serves two" : "serves one",
  ].join("\n");
}

function content(path: string): string {
  try {
    return host.read(path);
  } catch {
    return "";
  }
}

/** Every command is struck with TRACKS_TEST_EVERY_STEP=1 (minutes); else every seventh. */
const stride = process.env.TRACKS_TEST_EVERY_STEP === "1" ? 1 : 7;

test("after a kill at any point the next apply completes, or recover restores a consistent state", async () => {
  const pictures: Partial<Record<State, string>> = {};
  for (const state of ["one", "two", "one"] as const) {
    expect((await host.apply(states[state])).code).toBe(0);
    pictures[state] = seen();
  }
  host.countPlainCommands();
  let now: State = "one";
  let killed = 0;
  for (let command = 1; ; command += stride) {
    const next: State = now === "one" ? "two" : "one";
    host.killAt(command);
    const run = await host.apply(states[next]);
    if (run.code === 0) break;
    killed += 1;
    const at = `killed before command ${command} of ${now} -> ${next}`;
    expect(run.code, at).toBeUndefined();
    if (killed % 2 === 0) {
      const recovered = await host.run(["recover"]);
      expect(recovered, at).toMatchObject({ code: 0, stderr: "" });
      expect([pictures.one, pictures.two], at).toContain(seen());
      expect(leftovers(), at).toEqual([]);
    }
    expect(await host.apply(states[next]), at).toMatchObject({ code: 0, stderr: "" });
    expect(seen(), at).toBe(pictures[next]);
    expect((await host.run(["probe"])).stdout, at).toMatch(/^ok nginx\n/);
    expect(leftovers(), at).toEqual([]);
    now = next;
  }
  host.killAt(0);
  // Fewer would mean that the stand-ins were not called.
  expect(killed).toBeGreaterThan(5);
  expect(await host.removeResource("nginx")).toMatchObject({ code: 0, stderr: "" });
  expect(readdirSync(host.at("/etc/nginx")).sort()).toEqual(["conf.d", "mime.types", "nginx.conf"]);
  expect(readdirSync(host.at("/var/lib/tracks/kept"))).toEqual([]);
}, 180_000);

function leftovers(): string[] {
  return ["journal", "stage", "work"].flatMap((directory) =>
    readdirSync(host.at(`/var/lib/tracks/${directory}`)),
  );
}

const one = (content: string): string =>
  manifest("a", "none", "file /etc/motd owner=root group=root mode=0644", `| ${content}`);

test("after a power cut nginx serves what recover has restored, though it has started with the new files", async () => {
  expect((await host.apply(states.one)).code).toBe(0);
  const before = seen();
  const kill = `case "$*" in "-f -- default.conf") kill -KILL "$(cat "$TRACKS_ROOT/script-pid")"; exit 1 ;; esac`;
  host.write("/counted/rm", `#!/bin/sh\n${kill}\nexec /bin/rm "$@"\n`, 0o755);
  expect((await host.apply(states.two)).code).toBeUndefined();
  rmSync(host.at("/counted/rm"));
  host.write("/var/lib/tracks/journal/nginx/boot", "an earlier one\n");
  host.command("systemctl", "restart", "nginx.service");
  expect(seen()).toContain("serves two");

  expect(await host.run(["recover"])).toMatchObject({ code: 0, stderr: "" });
  expect(seen()).toBe(before);
});

// Before and after a run that is past its point of no return has written the audit log.
test.each(["cp *state*", "rm *journal/none"])(
  "the copy of an edit is in the audit log once after a kill before %s",
  async (command) => {
    expect((await host.apply(one("x"))).code).toBe(0);
    host.write("/etc/motd", "by hand\n");
    const [program = "", words = ""] = command.split(" ");
    const kill = `case "$*" in ${words}) kill -KILL "$(cat "$TRACKS_ROOT/script-pid")"; exit 1 ;; esac`;
    host.write(`/counted/${program}`, `#!/bin/sh\n${kill}\nexec /bin/${program} "$@"\n`, 0o755);
    expect((await host.apply(one("x"), { repair: 1 })).code).toBeUndefined();
    rmSync(host.at(`/counted/${program}`));

    const recovered = await host.run(["recover"]);
    expect(recovered).toMatchObject({ code: 0, stderr: "" });
    expect(recovered.stdout).toContain("finished the interrupted run of tracks.dev/a");
    const lines = host.read("/var/lib/tracks/audit.log").trimEnd().split("\n").slice(1);
    const corrective = (change: string): unknown =>
      expect.stringMatching(`^\\S+Z tracks\\.dev/a corrective ${change}`);
    expect(lines).toEqual([
      corrective("changed file /etc/motd$"),
      corrective("kept /etc/motd as it was edited by hand: "),
    ]);
  },
);

test("waits for the lock up to a limit, and names its holder", async () => {
  await host.apply(one("x"));
  host.write(
    "/run/tracks/lock.none.holder",
    "pid 4711 (apply tracks.dev/other, since 2026-01-01T00:00:00Z)\n",
  );
  const lock = await holdLock(host, "none", { seconds: 30, inherited: true });
  const run = await host.apply(one("y"), { environment: { TRACKS_LOCK_WAIT: "1" } });
  expect(run.code).toBe(1);
  expect(run.reason).toContain(
    "none is locked by pid 4711 (apply tracks.dev/other, since 2026-01-01T00:00:00Z); waited 1 s",
  );
  expect(host.read("/etc/motd")).toBe("x\n");

  const waiting = host.apply(one("y"), { environment: { TRACKS_LOCK_WAIT: "20" } });
  await sleep(300);
  lock.release();
  // flock's child holds the lock on, as an orphaned yum would; it ends on its own.
  endChildrenOf("sleep 30");
  expect((await waiting).code).toBe(0);
});

function endChildrenOf(command: string): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const words = procFile(pid, "cmdline").split("\0").join(" ").trim();
    if (words === command && procFile(pid, "environ").length > 0)
      process.kill(Number(pid), "SIGKILL");
  }
}

function procFile(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}

test("undoes the changes on a signal, and says so", async () => {
  await host.apply(states.one);
  const before = seen();
  host.write("/strike", `kill -TERM "$(cat ${host.at("/script-pid")})"; sleep 0.2`);
  const run = await host.apply(states.two);
  expect(run.code).toBe(1);
  expect(run.reason).toContain("ended by a signal");
  expect(seen()).toBe(before);
});

test("waits for a lock of ours and one of the package manager up to one common limit", async () => {
  const packages = manifest("p", "packages", "package git");
  host.write("/repository", "git\n");
  host.write("/manager-lock", "4711");
  const lock = await holdLock(host, "packages");
  const waiting = host.apply(packages, { environment: { TRACKS_LOCK_WAIT: "12" } });
  await sleep(9_000);
  lock.release();
  const run = await waiting;
  expect(run.reason).toContain("this run has waited 12 s for it");
  expect(run.milliseconds).toBeLessThan(17_000);
});

test("does not take a lock file that can't be locked for a lock that somebody holds", async () => {
  host.write(
    "/counted/flock",
    "#!/bin/sh\necho 'flock: 10: No locks available' >&2\nexit 71\n",
    0o755,
  );
  const run = await host.apply(one("x"), { environment: { TRACKS_LOCK_WAIT: "20" } });
  expect(run.code).toBe(1);
  expect(run.reason).toMatch(/^can't take the lock .*\/lock\.none: flock: 10: No locks available$/);
  expect(run.milliseconds).toBeLessThan(15_000);
});

test("recover waits for a run that has changed nothing yet because it still waits for its lock", async () => {
  await host.apply(one("x"));
  const lock = await holdLock(host, "none");
  const waiting = host.apply(one("y"), { environment: { TRACKS_LOCK_WAIT: "30" } });
  await sleep(500);

  const bounded = await host.run(["recover"], { environment: { TRACKS_LOCK_WAIT: "1" } });
  expect(bounded.code).toBe(1);
  expect(bounded.reason).toMatch(/^still running after 1 s: apply a \(pid \d+\)\. Run this again/);

  const recovering = host.run(["recover"], { environment: { TRACKS_LOCK_WAIT: "30" } });
  await sleep(500);
  lock.release();
  expect((await waiting).code).toBe(0);
  const recovered = await recovering;
  expect(recovered).toMatchObject({ code: 0, stderr: "" });
  expect(recovered.stdout).toMatch(
    /^waiting: apply a \(pid \d+\) is still running\nnothing is left to undo\n$/,
  );
  expect(host.read("/etc/motd")).toBe("y\n");
});

test("recover waits for no process of another user, whatever its command line says", async () => {
  const script = host.at("/usr/local/libexec/tracks/tracks.dev");
  const uid = Number(execaSync("id", ["-u", "games"]).stdout);
  const pretender = execa("sh", ["-c", "sleep 10; :", script, "apply", "a"], {
    ...{ uid, stdio: "ignore", reject: false },
  });
  const recovered = await host.run(["recover"], { environment: { TRACKS_LOCK_WAIT: "1" } });
  pretender.kill();
  expect(recovered).toMatchObject({ code: 0, stdout: "nothing was interrupted\n" });
});

test("recover undoes a run that died while it waited for another one", async () => {
  await host.apply(states.one);
  const before = seen();
  const lock = await holdLock(host, "nginx");
  const recovering = host.run(["recover"], { environment: { TRACKS_LOCK_WAIT: "30" } });
  await sleep(500);
  // What the lock's holder leaves behind.
  host.write("/var/lib/tracks/journal/nginx/resource", "tracks.dev/nginx\n");
  lock.release();
  const recovered = await recovering;
  expect(recovered).toMatchObject({ code: 0, stderr: "" });
  expect(recovered.stdout).toContain("undid the interrupted run of tracks.dev/nginx");
  expect(seen()).toBe(before);
  expect(leftovers()).toEqual([]);
});

test("recover says when there is nothing to do", async () => {
  expect(await host.run(["recover"])).toMatchObject({
    code: 0,
    stdout: "nothing was interrupted\n",
  });
});

test("restores a directory and a file that links had replaced when a run fails", async () => {
  host.write("/srv/tracks/.git/HEAD", "local changes\n");
  host.write("/srv/robots.txt", "by hand\n");
  host.write("/srv/new/file", "");
  const run = await host.apply(
    manifest(
      "links",
      "none",
      "symlink /srv/tracks -> new",
      "symlink /srv/robots.txt -> new/file",
      "service missing",
    ),
  );
  expect(run.reason).toMatch(/there is no service missing.*this run's changes were undone/);
  expect(host.read("/srv/tracks/.git/HEAD")).toBe("local changes\n");
  expect(host.read("/srv/robots.txt")).toBe("by hand\n");
});
