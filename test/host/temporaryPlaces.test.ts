import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa, execaSync } from "execa";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { manifest, PrivateRoot } from "./privateRoot";

/** /tmp and /dev/shm as hosts have them: full, small, mounted noexec, or in use by two at once. */
let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

/** Shell commands that give a directory a file system on which nothing fits any more. */
const full = (directory: string): string =>
  `mount -t tmpfs -o size=4k none ${directory} && { head -c 100000 /dev/zero >${directory}/filling 2>/dev/null; true; }`;

// As on hosts with a bash before 5.1: all here-documents lie in files.
const oldBash = { BASH_COMPAT: "5.0" };

test("works with a full /tmp", async () => {
  const temporary = mkdtempSync("/tmp/tracks-full-");
  try {
    const text = manifest(
      "one",
      "users",
      "user deployer home=/home/deployer shell=/bin/bash groups=wheel system=no",
      "password deployer",
      "| the password",
    );
    const run = await host.apply(text, {
      mounts: full(temporary),
      environment: { ...oldBash, TMPDIR: temporary },
    });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(host.read("/etc/passwd")).toContain("deployer:");
    expect(readdirSync(host.at("/run/tracks")).filter((name) => !name.startsWith("lock."))).toEqual(
      [],
    );
  } finally {
    rmSync(temporary, { recursive: true });
  }
});

test("changes nothing, and says so, without space for its own files", async () => {
  mkdirSync(host.at("/run/tracks"), { mode: 0o700 });
  const run = await host.apply(
    manifest("one", "none", "file /etc/one owner=root group=root mode=0644", "| x"),
    { mounts: full(host.at("/run/tracks")), environment: oldBash },
  );
  expect(run.code).toBe(1);
  expect(run.reason).toBe(
    "there is no space left in /run/tracks, which this run needs: free some; nothing was changed",
  );
  expect(host.exists("/etc/one")).toBe(false);
});

test("does not blame a release when a full /tmp prevents its smoke test", () => {
  const program = join(__dirname, "../../host/script/python/application.py");
  // Read before, since this checkout may lie in /tmp itself.
  const script = [
    'program=$(cat "$0")',
    "mount -t tmpfs -o nr_inodes=1 none /tmp",
    'python3 -c "$program" smoke wsgi.py venv /bin/true / localhost any </dev/null 2>&1 || true',
  ].join(" && ");
  const words = ["-m", "sh", "-c", script, program];
  expect(execaSync("unshare", words, { cwd: "/" }).stdout).toBe(
    "can't write to /tmp, where the smoke test runs: No space left on device: free some space there",
  );
});

describe("the source from git over SSH", () => {
  const git = (...words: string[]): string =>
    execaSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...words], {
      cwd: host.at("/repository.git"),
    }).stdout;
  let commit: string;
  let release: string;

  beforeEach(() => {
    for (const file of ["manage.py", "requirements.txt"]) host.write(`/repository.git/${file}`, "");
    host.write("/repository.git/wsgi.py", 'DJANGO_SETTINGS_MODULE = "settings"\n');
    host.write("/repository.git/large", "");
    execaSync("sh", ["-c", `head -c 3000000 /dev/urandom >${host.at("/repository.git/large")}`]);
    host.write("/microarray/releases/tracks/.keep", "");
    git("init", "-q", "-b", "main");
    git("add", ".");
    git("commit", "-q", "-m", "First");
    commit = git("rev-parse", "HEAD");
    release = `/microarray/releases/tracks/${commit.slice(0, 12)}`;
    mkdirSync(host.at("/root"), { recursive: true });
    // Notes its options and the key that it was given, and is the server itself.
    host.write(
      "/counted/ssh",
      [
        "#!/bin/bash",
        `printf '%s\\n' "$*" >>${host.at("/ssh-calls")}`,
        "while (($# > 2)); do",
        `  [[ $1 != -i ]] || cat "$2" >>${host.at("/ssh-keys")}`,
        "  shift",
        "done",
        'exec sh -c "${!#}"',
        "",
      ].join("\n"),
      0o755,
    );
  });

  const source = (): string =>
    manifest(
      "source",
      "source",
      `release ${release} owner=root wsgi=wsgi.py requirements=requirements.txt git=ssh://git@git.example.org${host.at("/repository.git")} commit=${commit}`,
      "git-host-key git.example.org",
      "| git.example.org ssh-ed25519 AAAA",
      "deploy-key deployer",
      "| the deploy key",
    );
  /** The CIS profile mounts both noexec; the private root itself is in /tmp. */
  const hardened = (): string =>
    [
      "mount -t tmpfs -o noexec,size=512k none /dev/shm",
      `mount --bind ${host.root} ${host.root}`,
      "mount --bind /tmp /tmp",
      `mount --bind ${host.root} ${host.root}`,
      "mount -o remount,bind,noexec /tmp",
    ].join(" && ");

  const gitOf = (version: string): void => {
    const forgets = version.startsWith("1.") ? "unset GIT_SSH_COMMAND; " : "";
    host.write(
      "/counted/git",
      `#!/bin/sh\n[ "$1" != --version ] || { echo "git version ${version}"; exit; }\n${forgets}exec /usr/bin/git "$@"\n`,
      0o755,
    );
  };

  it.each(["1.8.3.1", "2.43.0"])(
    "is fetched by git %s where memory and /tmp are noexec and small",
    async (version) => {
      gitOf(version);
      const run = await host.apply(source(), { mounts: hardened() });
      // The manifest names no virtualenv, which comes next.
      expect(run.reason).toMatch(/can't build the virtualenv/);
      expect(host.exists(`${release}/large`)).toBe(true);
      // git may ask ssh for its kind first.
      expect(host.read("/ssh-keys")).toMatch(/^(the deploy key\n)+$/);
      expect(host.read("/ssh-calls")).toContain("-o StrictHostKeyChecking=yes");
      expect(readdirSync(host.at("/root"))).toEqual([]);
    },
  );

  it("does not blame the deploy key where ssh can't be started", async () => {
    // git's own message on a host where ssh can't be executed.
    rmSync(host.at("/counted/ssh"));
    mkdirSync(host.at("/counted/ssh"));
    const run = await host.apply(source(), {
      mounts: "mount --bind /dev/null /usr/bin/ssh",
    });
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("ssh: Permission denied");
    expect(run.stderr).toContain(
      "git can't start ssh on this host: install openssh-clients, and check that programs may be run in the directory that the line above names",
    );
    expect(run.stderr).not.toContain("deploy key");
  });

  it("does not remove the login of a fetch that is under way", async () => {
    const other = execa("sleep", ["60"], { reject: false });
    const live = `/dev/shm/tracks-git.${other.pid}.abcdef`;
    const dead = "/dev/shm/tracks-git.4194999.abcdef";
    try {
      for (const folder of [live, dead]) {
        mkdirSync(folder, { mode: 0o700 });
        writeFileSync(join(folder, "key"), "x");
      }
      await host.apply(source());
      expect(host.exists(`${release}/large`)).toBe(true);
      expect([existsSync(live), existsSync(dead)]).toEqual([true, false]);
    } finally {
      other.kill();
      for (const folder of [live, dead]) rmSync(folder, { recursive: true, force: true });
    }
  });
});
