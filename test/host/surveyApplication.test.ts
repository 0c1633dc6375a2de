import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { execa, execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseReport } from "../../host/facts";
import type { Problem } from "../../host/problem";
import { manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
/** Process groups. */
const listeners: number[] = [];
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  for (const listener of listeners.splice(0)) process.kill(-listener, "SIGKILL");
  host.remove();
});

/** A program that listens on free ports of the loopback until the test is over. */
async function listener(
  count: number,
  words: readonly string[] = [],
  inContainer = false,
): Promise<{ pid: number; ports: string[] }> {
  host.write(
    "/server",
    [
      "import os, socket, sys, time",
      `sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(${count})]`,
      // As a master with its workers: all of them hold the sockets.
      "for _ in range(2): os.fork() or (time.sleep(60), os._exit(0))",
      'print(" ".join(str(one.getsockname()[1]) for one in sockets), flush=True)',
      "time.sleep(60)",
    ].join("\n"),
  );
  const container = inContainer ? ["unshare", "--pid", "--fork"] : [];
  const [command = "", ...rest] = [...container, "python3", host.at("/server"), ...words];
  const child = execa(command, rest, { detached: true, reject: false });
  if (child.pid === undefined) throw new Error("python3 can't be started");
  listeners.push(child.pid);
  const [printed] = (await once(child.stdout, "data")) as [Buffer];
  return { pid: child.pid, ports: printed.toString().trim().split(" ") };
}

/** The survey of an application with these ports, without the host's own facts. */
async function survey(socket = "1", stats = "2"): Promise<string[]> {
  const places = "/microarray/tracks,/home/deployer/venv,/microarray/shared/tracks";
  const run = await host.run([
    "survey",
    `application=${places},127.0.0.1:${socket},127.0.0.1:${stats},/usr/bin/python3.11`,
  ]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(host.exists("/var/lib/tracks")).toBe(false);
  return run.stdout
    .split("\n")
    .filter((line) => /^(conflict|fact (interpreter|listener|uwsgi))/.test(line))
    .filter((line) => !line.includes("nginx.conf"));
}

test("reports only the interpreter on a bare host", async () => {
  expect(await survey()).toEqual(["fact interpreter absent"]);
  host.write("/usr/bin/python3.11", "", 0o755);
  expect(await survey()).toEqual(["fact interpreter present"]);
});

test("names a checkout, a virtualenv and a service of others, and where they will be kept", async () => {
  host.write("/microarray/tracks/.git/HEAD", "");
  mkdirSync(host.at("/home/deployer/venv"), { recursive: true });
  host.write("/etc/init.d/uwsgi", "", 0o755);
  host.write("/etc/systemd/system/uwsgi.service", "");
  host.write("/services/uwsgi/running", "");
  expect(await survey()).toEqual([
    "fact interpreter absent",
    "conflict\tplace\t/microarray/tracks\tgit checkout\t/var/lib/tracks/kept\t/microarray/shared/tracks",
    "conflict\tplace\t/home/deployer/venv\tdirectory\t/var/lib/tracks/kept\t",
    "fact uwsgi-service running",
    "conflict\tuwsgi\trunning\t/etc/systemd/system/uwsgi.service\t/etc/init.d/uwsgi",
  ]);
  rmSync(host.at("/microarray/tracks"), { recursive: true });
  symlinkSync("elsewhere", host.at("/microarray/tracks"));
  expect((await survey())[1]).toContain("\tplace\t/microarray/tracks\tlink\t");
});

/** The obstacle to an `up` on a host where a former site runs, or does not run any more. */
async function formerData(...questions: string[]): Promise<Problem | undefined> {
  const places = "/microarray/tracks,/home/daemon/venv,/microarray/shared/tracks";
  const run = await host.run([
    "survey",
    "user=daemon",
    `application=${places},127.0.0.1:1,127.0.0.1:2,/usr/bin/python3`,
    ...questions,
  ]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const { problems } = parseReport("CentOS", run.stdout);
  return problems.find(({ severity }) => severity === "error");
}

/** The command that copies the data, as the problem has it, but below this root. */
function copy(problem: Problem | undefined): string {
  const [, command = ""] = problem?.fix ?? [];
  const [stop, ...commands] = command.trim().split(" && ");
  expect(stop).toBe("service uwsgi stop");
  return commands.join(" && ").replaceAll("/microarray/", host.at("/microarray/"));
}

test("refuses to leave uploads of a running site behind, until their owner copies them or stops it", async () => {
  const postgresql = "postgresql=postgresql,auto,auto,5432";
  host.write("/etc/systemd/system/uwsgi.service", "");
  host.write("/services/uwsgi/running", "");
  mkdirSync(host.at("/microarray/tracks/media"), { recursive: true });
  host.write("/microarray/tracks/db.sqlite3", "rows");
  expect(await formerData(postgresql)).toBeUndefined();
  host.write("/microarray/tracks/media/bean.png", "");
  const media = await formerData(postgresql);
  expect(media?.found).toBe("its uploads in /microarray/tracks/media");
  expect(copy(media)).not.toContain("sqlite");
  execaSync("sh", ["-c", copy(media)]);
  expect(host.ownership("/microarray/shared/tracks/media/bean.png")).toBe("daemon daemon 644");
  expect(await formerData(postgresql)).toBeUndefined();
  host.write("/microarray/tracks/db.sqlite3-wal", "more rows");
  const database = await formerData();
  expect(database?.found).toBe("its database /microarray/tracks/db.sqlite3");
  // Whoever ends the service in order brings that into the database.
  rmSync(host.at("/microarray/tracks/db.sqlite3-wal"));
  execaSync("sh", ["-c", copy(database)]);
  expect(host.ownership("/microarray/shared/tracks/db.sqlite3")).toBe("daemon daemon 644");
  expect(await formerData()).toBeUndefined();
  rmSync(host.at("/microarray/shared/tracks/db.sqlite3"));
  rmSync(host.at("/services/uwsgi/running"));
  expect(await formerData()).toBeUndefined();
});

test("names who listens on uWSGI's address by master and first words, without a secret", async () => {
  const { pid, ports } = await listener(2, ["--env", "PASSWORD=hush", "more"]);
  const facts = await survey(ports[0], ports[1]);
  expect(facts).toHaveLength(3);
  for (const [index, port] of ports.entries()) {
    expect(facts[index + 1]).toMatch(
      new RegExp(`^fact listener/127\\.0\\.0\\.1:${port} ${pid} \\S+ python3 \\S+/server --env$`),
    );
  }
});

test("does not take a process in a container for a service of the host", async () => {
  const { ports } = await listener(1, [], true);
  const facts = await survey(ports[0]);
  expect(facts.at(1)).toMatch(/^fact listener\/127\.0\.0\.1:\d+ \d+ container python3 /);
});

test("does not report what this stack itself has made", async () => {
  const { ports } = await listener(1);
  mkdirSync(host.at("/etc/systemd/system"), { recursive: true });
  const unit = manifest(
    "uwsgi",
    "none",
    "file /etc/systemd/system/uwsgi.service owner=root group=root mode=0644",
    "| # Written by Pulumi",
    "symlink /microarray/tracks -> releases/tracks/one",
    "directory /microarray owner=root group=root mode=0755",
  );
  expect((await host.apply(unit)).reason).toBe("");
  const run = await host.run([
    "survey",
    `application=/microarray/tracks,/home/deployer/venv,/s,127.0.0.1:${ports[0] ?? ""},127.0.0.1:2,/bin/bash`,
  ]);
  expect(run.stdout).not.toMatch(/listener|microarray|\tuwsgi/);
  const other = await host.run([
    "--scope",
    "tracks.other",
    "survey",
    "application=/srv/tracks,/srv/venv,/s,127.0.0.1:1,127.0.0.1:2,/bin/bash",
  ]);
  expect(other.stdout).toContain("conflict\tuwsgi-of\ttracks.dev\n");
});
