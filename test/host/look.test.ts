import { copyFileSync, lchownSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { holdLock } from "./heldLock";
import { installPostgresql } from "./postgresqlHost";
import { type EnterpriseLinux, manifest, PrivateRoot } from "./privateRoot";

/** The verb that a login may run who is not trusted: its words, and everything else that the caller decides. */

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

const look = (...words: string[]) => host.run(["look", ...words]);

const application =
  "application=/microarray/tracks,/home/deployer/venv,/microarray/shared/tracks,127.0.0.1:8001,127.0.0.1:8002,/usr/bin/python3";
const words = [
  ...["user=games", "login=games", "listen=80", "default=yes", "server=*.example.org"],
  ...["path=/etc/nginx/sites-available/tracks", application],
  ...["postgresql=postgresql,auto,auto,5432", "want=package git git-core", "repository=extra"],
  ...["want=module postgresql:15 package=postgresql-server", "proxy=http://proxy:3128"],
];
const resource = manifest(
  "robots",
  "none",
  "directory /srv owner=root group=root mode=0755",
  "file /srv/robots.txt owner=root group=games mode=0644 secret=yes",
  "| a secret line",
);

/** Every path of the root with owner, mode, times and content, but what the bench itself writes. */
const tree = (): string =>
  execaSync("sh", [
    "-c",
    `cd "$1" && find . ! -name calls ! -name script-pid ! -path ./run/tracks ! -path . -printf '%p %u %m %T@ %l\\n' | sort; find . -type f ! -name calls ! -name script-pid -exec sha256sum {} + | sort`,
    "sh",
    host.root,
  ]).stdout;

/** Lets games own a path. */
function giveAway(...paths: string[]): void {
  const uid = Number(execaSync("id", ["-u", "games"]).stdout);
  for (const path of paths) lchownSync(host.at(path), uid, uid);
}

it("says what survey and probe say, and that it came to its end", async () => {
  await host.apply(resource);
  host.write("/srv/robots.txt", "changed\n");
  const [survey, probe] = [await host.run(["survey", ...words]), await host.run(["probe"])];
  expect(survey.stdout).toContain("fact os-id rocky\n");
  expect(probe.stdout).toContain("drift robots\t/srv/robots.txt\t");
  const run = await look(...words);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toBe(`${survey.stdout}${probe.stdout}preflight complete\n`);
  expect(run.stdout).not.toContain("a secret line");
});

it("fails with the probe's reason, and does not say that it came to its end", async () => {
  await host.apply(resource);
  const facts = "/var/lib/tracks/resources/tracks.dev/robots/facts";
  host.write(facts, `${host.read(facts)}mount /lost\n`);
  const { code, stdout, reason } = await look(...words);
  expect(code).toBe(1);
  expect(reason).toContain("/lost is not mounted");
  expect(stdout).not.toContain("preflight complete");
});

it.each<EnterpriseLinux>([7, 9])("writes nothing, on %d", async (el) => {
  host.remove();
  host = new PrivateRoot({ el });
  installPostgresql(host);
  host.write("/repository", "git\n");
  await host.apply(resource);
  host.write("/srv/robots.txt", "changed\n");
  const before = tree();
  expect(await look("want=package git", "login=games", application)).toMatchObject({ code: 0 });
  expect(tree()).toBe(before);
});

it("installs nothing where yum's settings answer its questions", async () => {
  host.remove();
  host = new PrivateRoot({ el: 7 });
  host.write("/repository", "git\n");
  for (const setting of ["assumeyes=1", "alwaysprompt=0"]) {
    host.write("/etc/yum.conf", `[main]\n${setting}\n`);
    expect(await look("want=package git"), setting).toMatchObject({ code: 0 });
    expect(host.read("/rpmdb"), setting).toBe("nginx\n");
  }
});

it("imports no key of a repository to list a module's streams", async () => {
  host.write("/repository", "postgresql-server stream=postgresql:15\n");
  host.write("/streams", "postgresql 15\n");
  host.write("/repository-signed", "");
  const want = "want=module postgresql:15 package=postgresql-server";
  expect(await look(want)).toMatchObject({ code: 0 });
  expect(host.exists("/repository-signed")).toBe(true);
});

describe("a word that the program does not send", () => {
  it.each([
    ...["", "x", "--scope", "probe", "interpreter=/bin/sh", "user=", "user=-x", "user=a b"],
    ...["user=games\nx", "login=../root", "login=$(id)", "listen=0", "listen=80|.", "listen=65536"],
    ...["default=maybe", "server=a;b", "server=a b", "path=relative", "path=/a/../etc/shadow"],
    ...["path=/a b", "path=/a/", "path=", "path=/a\n/b"],
    "application=/a,/b,/c,127.0.0.1:1,127.0.0.1:2",
    "application=/a,/b,-delete,127.0.0.1:8001,127.0.0.1:8002,/usr/bin/python3",
    "application=/a,/b,/c,10.0.0.1:22,127.0.0.1:8002,/usr/bin/python3",
    "application=/a,/b,/c,127.0.0.1:x,127.0.0.1:8002,/usr/bin/python3",
    "application=/a,/b,/c,127.0.0.1:8001,127.0.0.1:8002,/usr/bin/python3,/d",
    ...["postgresql=../../home/games/x,auto,auto,5432", "postgresql=postgresql,bin,auto,5432"],
    ...["postgresql=postgresql,auto,auto,5432 -c x", "postgresql=postgresql,auto,/a/../b,5432"],
    ...["postgresql=-H,auto,auto,5432", "postgresql=postgresql,auto,auto"],
    ...["want=package /home/games/evil.rpm", "want=package evil.rpm", "want=package git evil.rpm"],
    ...["want=package https://example.org/evil.rpm", "want=package @core", "want=package -y"],
    ...["want=package --installroot=/home/games", "want=package", "want=package git*"],
    ...["want=file /etc/x owner=root mode=0644", "want=module a", "want=module a:b package=-x"],
    ...["want=package git\nfile /x", "repository=../../../root/x", "repository=-x"],
    ...["proxy=-f/etc/shadow", "proxy=ftp://x", 'proxy=http://user:word@proxy:3128"'],
  ])("is refused before anything is asked: %j", async (word) => {
    const { code, reason, stdout } = await look(...words, word);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(reason).toMatch(/^look accepts user=NAME, /);
    expect(host.calls()).toEqual([]);
  });

  it("is one that names an init script of another kind", async () => {
    host.remove();
    host = new PrivateRoot({ el: 6 });
    host.write("/etc/init.d/halt", `#!/bin/sh\n: >${host.at("/halted")}\n`, 0o755);
    const { code, reason } = await look("postgresql=halt,auto,auto,5432");
    expect(code).toBe(1);
    expect(reason).toMatch(/^look asks no init script .* not halt: set PostgresDatabase\.service/);
    expect(host.exists("/halted")).toBe(false);
    expect(await look("postgresql=postgresql-9.4,auto,auto,5432")).toMatchObject({ code: 0 });
  });
});

describe("programs of PostgreSQL", () => {
  /** Real files, as on a host; who runs one of a user leaves a trace. */
  function programsIn(directory: string): void {
    mkdirSync(host.at(directory), { recursive: true });
    for (const name of ["postgres", "psql"]) {
      host.write(`${directory}/${name}`, `#!/bin/sh\n: >${host.at("/run-by-root")}\n`, 0o755);
    }
  }
  beforeEach(() => {
    installPostgresql(host);
    for (const name of ["postgres", "psql"]) {
      rmSync(host.at(`/usr/bin/${name}`));
      copyFileSync(join(__dirname, "commands", name), host.at(`/usr/bin/${name}`));
    }
  });

  async function expectRefused(word: string): Promise<void> {
    const { code, reason } = await look(word);
    expect(code, word).toBe(1);
    expect(reason, word).toMatch(
      /^others than root and postgres can replace \/.*\/(postgres|psql), /,
    );
    expect(host.exists("/run-by-root"), word).toBe(false);
  }

  it("are asked where only root can have put them", async () => {
    for (const binaries of ["auto", "/usr/bin"]) {
      const { stdout } = await look(`postgresql=postgresql,${binaries},auto,5432`);
      expect(stdout).toContain("fact postgresql-server 15\n");
    }
  });

  it("are not run in a directory of the caller, nor by a link of root to it", async () => {
    programsIn("/home/games/bin");
    giveAway("/home/games", "/home/games/bin");
    await expectRefused("postgresql=postgresql,/home/games/bin,auto,5432");
    symlinkSync("home/games/bin", host.at("/opt"));
    await expectRefused("postgresql=postgresql,/opt,auto,5432");
  });

  it("are not run where the caller can replace a directory above, a link to them, or them", async () => {
    programsIn("/home/games/of-root/bin");
    giveAway("/home/games");
    await expectRefused("postgresql=postgresql,/home/games/of-root/bin,auto,5432");
    programsIn("/opt/pgsql/bin");
    giveAway("/opt/pgsql/bin/psql");
    await expectRefused("postgresql=postgresql,/opt/pgsql/bin,auto,5432");
    programsIn("/opt/writable");
    execaSync("chmod", ["0775", host.at("/opt/writable")]);
    await expectRefused("postgresql=postgresql,/opt/writable,auto,5432");
  });

  it("are not run by a link that the caller can replace meanwhile, on the way to those of root", async () => {
    const link = (path: string, target: string) => {
      mkdirSync(host.at(dirname(path)), { recursive: true });
      symlinkSync(target, host.at(path));
    };
    for (const name of ["postgres", "psql"]) {
      link(`/home/games/bin/${name}`, `../../../usr/bin/${name}`);
      link(`/opt/bin/${name}`, `../../home/games/bin/${name}`);
      link(`/usr/local/pgsql/bin/${name}`, `../../../bin/${name}`);
    }
    giveAway("/home/games/bin", "/home/games/bin/postgres", "/home/games/bin/psql");
    await expectRefused("postgresql=postgresql,/home/games/bin,auto,5432");
    await expectRefused("postgresql=postgresql,/opt/bin,auto,5432");
    // Links of root, as alternatives has them.
    const { stdout } = await look("postgresql=postgresql,/usr/local/pgsql/bin,auto,5432");
    expect(stdout).toContain("fact postgresql-server 15\n");
  });

  it("are not run in a directory whose name says that it is root's", async () => {
    const names = ["/opt/a|directory|0|755|", `/opt/b\n${host.at("/opt/c")}|directory|0|755|`];
    for (const [index, name] of names.entries()) {
      programsIn(name);
      giveAway(name);
      symlinkSync(name.replace("/opt/", ""), host.at(`/opt/link${index}`));
      await expectRefused(`postgresql=postgresql,/opt/link${index},auto,5432`);
    }
  });

  it("are not run where the unit of another service leads to", async () => {
    programsIn("/home/games/bin");
    giveAway("/home/games");
    host.write("/etc/systemd/system/games.service", "[Service]\nExecStart=/home/games/bin/games\n");
    symlinkSync("postgres", host.at("/home/games/bin/games"));
    host.write("/etc/systemd/system/games.service", "ExecStart=/home/games/bin/postgres\n");
    await expectRefused("postgresql=games,auto,auto,5432");
  });
});

it("loads nothing from the directories that the caller's variables name", async () => {
  host.write("/home/games/sitecustomize.py", `open(${JSON.stringify(host.at("/ran"))}, "w")\n`);
  const environment = { PYTHONPATH: host.at("/home/games"), HOME: host.at("/home/games") };
  await host.run(["look", ...words], { environment });
  expect(host.exists("/ran")).toBe(false);
  // The variable has that power: a login that may do everything decides by itself.
  await host.run(["survey", ...words], { environment });
  expect(host.exists("/ran")).toBe(true);
});

/** Has rpm run a shell command first. */
function beforeRpm(command: string): void {
  host.write(
    "/counted/rpm",
    `#!/bin/sh\n${command}\nexec "${host.at("/stand-ins/rpm")}" "$@"\n`,
    0o755,
  );
}

it("lets the caller end no program of root halfway by a limit, nor have its core written anywhere", async () => {
  const asked =
    "for limit in c f t v n; do ulimit -$limit; done; cat /proc/self/oom_score_adj; pwd";
  beforeRpm(`{ ${asked}; } >${host.at("/limits")}`);
  // Hard ones root can lift, too, but not in each container.
  const limits = ["c unlimited", "f 8", "t 2", "v 4000000", "n 40"].map((set) => `ulimit -S${set}`);
  const caller = ["cd /tmp", "echo 900 >/proc/self/oom_score_adj", ...limits].join(" && ");
  expect(await host.run(["look", ...words], { mounts: caller })).toMatchObject({ code: 0 });
  const set = ["0", "unlimited", "unlimited", "unlimited", "1024", "0", "/"];
  expect(host.read("/limits").trimEnd().split("\n")).toEqual(set);
  expect(readdirSync(host.at("/run/tracks"))).toEqual([]);
});

it("ends by itself, however long a program takes, and by no key of the caller's terminal", async () => {
  beforeRpm(
    `ps -o sid= -p $$ >${host.at("/session")}; echo $$ >${host.at("/pid")}; exec sleep 600`,
  );
  const { code, stdout, reason, milliseconds } = await host.run(["look", ...words], {
    environment: { TRACKS_LIMITED: "", TRACKS_LOOK_LIMIT: "1" },
  });
  expect(code).toBe(124);
  expect(reason).toMatch(/^a look ends after 1 s, /);
  expect(stdout).not.toContain("preflight complete");
  expect(milliseconds).toBeLessThan(20_000);
  const told = (column: string, pid: string) =>
    execaSync("ps", ["-o", `${column}=`, "-p", pid], { reject: false }).stdout.trim();
  // Ended, whether or not somebody has asked how.
  await expect.poll(() => told("stat", host.read("/pid").trim())).toMatch(/^(?:Z.*)?$/);
  // The keys stop and end the group in the terminal's foreground: the caller chooses any of its own session.
  expect(host.read("/session").trim()).not.toBe(told("sid", String(process.pid)));
});

it("is waited for where it leads a session, as it does behind sshd", async () => {
  const { code, stdout } = await host.run(["look", ...words], {
    environment: { TRACKS_LIMITED: "" },
    mounts: 'exec setsid --wait "$0" "$@" #',
  });
  expect(code).toBe(0);
  expect(stdout).toContain("preflight complete\n");
});

it("names no file of root in a spool that is a link", async () => {
  host.write("/root-only/secret-name", "x");
  execaSync("chmod", ["0700", host.at("/root-only")]);
  host.write(
    "/etc/passwd",
    host.read("/etc/passwd").replace(/^(games:.*):[^:]*:([^:]*)$/m, "$1:/home/games:$2"),
  );
  for (const [from, to] of [
    ["/home/games/.tracks/tracks.dev", "../../../root-only"],
    ["/home/games/.tracks", "../../root-only"],
  ]) {
    rmSync(host.at("/home/games"), { recursive: true, force: true });
    mkdirSync(join(host.at(from ?? ""), ".."), { recursive: true });
    symlinkSync(to ?? "", host.at(from ?? ""));
    host.switchUsers();
    const { code, stdout } = await look("login=games");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^fact spool (open|absent)$/m);
    expect(stdout).not.toContain("secret-name");
  }
});

it("shows no login that a repository's address has", async () => {
  host.write("/repository-down", "https://bob:hush@mirror.example.org/os");
  const { stdout } = await look("want=package git");
  expect(stdout).toContain("https://[secret]@mirror.example.org/os");
  expect(stdout).not.toContain("hush");
});

it("leaves the package manager to a run that installs", async () => {
  host.write("/repository", "git\n");
  const asked = async () => {
    expect(await look("want=package git")).toMatchObject({ code: 0 });
    return host.calls().some((call) => call.startsWith("dnf "));
  };
  const lock = await holdLock(host, "packages");
  expect(await asked()).toBe(false);
  lock.release();
  await lock.ended;
  expect(await asked()).toBe(true);
});

it("does not help to find out a proxy's password part by part", async () => {
  host.write("/repository", "");
  const told = async (proxy: string) =>
    (await look("want=package git", `proxy=${proxy}`)).stdout.includes("has the package git");
  host.write("/etc/dnf/dnf.conf", "[main]\nproxy = http://proxy:3128/\nproxy_password=abc\n");
  expect(await told("http://proxy:3128/")).toBe(true);
  expect(await told("http://proxy:31")).toBe(false);
});
