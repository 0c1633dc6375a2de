import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
let disk: string;
let mounted: string[];
beforeEach(() => {
  host = new PrivateRoot();
  disk = mkdtempSync(join(tmpdir(), "tracks-disk-"));
  mounted = [];
});
afterEach(() => {
  while (mounted.length > 0) umount(mounted[0] ?? "");
  host.remove();
  rmSync(disk, { recursive: true });
});

/** Mounts a disk, which keeps what is on it, at a path of the host. */
function mount(path: string, from = disk): void {
  mkdirSync(host.at(path), { recursive: true });
  execaSync("mount", ["--bind", from, host.at(path)]);
  mounted.unshift(path);
}

function umount(path: string): void {
  execaSync("umount", [host.at(path)]);
  mounted = mounted.filter((other) => other !== path);
}

const site = (name = "site", ...more: string[]): string =>
  manifest(
    name,
    "none",
    "directory /microarray owner=root group=root mode=0755",
    "directory /microarray/shared owner=root group=root mode=0755",
    "file /microarray/shared/secret_key owner=root group=root mode=0400",
    "| precious",
    ...more,
  );

test("a file system that is not mounted is an error in preview, up and destroy, never repaired", async () => {
  mount("/microarray");
  expect(await host.apply(site())).toMatchObject({ code: 0, stderr: "" });
  umount("/microarray");

  for (const run of [
    await host.run(["probe"]),
    await host.apply(site(), { repair: 1 }),
    await host.apply(site("another")),
    await host.removeResource("site"),
  ]) {
    expect(run.code).toBe(1);
    expect(run.reason).toMatch(
      /^the file system of \/microarray is not mounted: .*mount \/microarray\./,
    );
    expect(run.stdout).not.toContain("drift");
  }
  expect(readdirSync(host.at("/microarray"))).toEqual([]);
  expect(readFileSync(join(disk, "shared/secret_key"), "utf8")).toBe("precious\n");

  mount("/microarray");
  expect((await host.run(["probe"])).stdout).toMatch(/^ok site\n/);
  expect((await host.apply(site())).stdout).toBe("applied site: unchanged\n");
  expect(await host.removeResource("site")).toMatchObject({ code: 0, stderr: "" });
});

const tomorrow = (name: string): string =>
  manifest(
    name,
    "none",
    "file /microarray/a owner=root group=root mode=0644",
    "| tomorrow's",
    "file /microarray/b owner=root group=root mode=0644",
    "| tomorrow's",
  );

/** Applies it, and kills that run just before a file gets its name. */
async function killBefore(name: string): Promise<void> {
  const kill = `case "$*" in *" ${name}") kill -KILL "$(cat "$TRACKS_ROOT/script-pid")"; exit 1 ;; esac`;
  host.write("/counted/mv", `#!/bin/sh\n${kill}\nexec /bin/mv "$@"\n`, 0o755);
  expect((await host.apply(tomorrow("site"))).code).toBeUndefined();
  rmSync(host.at("/counted/mv"));
}

test("an interrupted run is not undone while a file system that it changed is not mounted", async () => {
  mount("/microarray");
  host.write("/microarray/a", "today's\n");
  host.write("/microarray/b", "today's\n");
  await killBefore("b");
  expect(host.read("/microarray/a")).toBe("tomorrow's\n");
  umount("/microarray");

  host.installScript("tracks.production");
  for (const run of [
    await host.run(["recover"]),
    await host.apply(tomorrow("site")),
    await host.apply(manifest("other", "none"), { scope: "tracks.production" }),
  ]) {
    expect(run.code).toBe(1);
    expect(run.reason).toMatch(
      /^the file system of \/microarray is not mounted: .* tracks\.dev\/site .*mount \/microarray\./,
    );
  }
  expect(readdirSync(host.at("/microarray"))).toEqual([]);
  expect(host.exists("/var/lib/tracks/journal/none")).toBe(true);

  mount("/microarray");
  const recovered = await host.run(["recover"]);
  expect(recovered).toMatchObject({ code: 0, stderr: "" });
  expect(recovered.stdout).toContain("undid the interrupted run of tracks.dev/site");
  expect([host.read("/microarray/a"), host.read("/microarray/b")]).toEqual([
    "today's\n",
    "today's\n",
  ]);
  expect(readdirSync(host.at("/microarray/.tracks/kept"))).toEqual([]);
});

test("an interrupted run is forgotten with the command in the error when its file system is lost", async () => {
  mount("/microarray");
  await killBefore("a");
  umount("/microarray");
  const { reason } = await host.run(["recover"]);
  const command = /lost for good, .*: (rm .*)$/.exec(reason)?.[1];
  execaSync("/bin/sh", ["-c", command ?? "exit 1"]);
  expect(await host.run(["recover"])).toMatchObject({ code: 0, stderr: "" });
  expect(await host.apply(tomorrow("site"))).toMatchObject({ code: 0, stderr: "" });
});

test("a folder for kept files that a power cut left out of the list is listed again", async () => {
  mount("/microarray");
  mkdirSync(host.at("/microarray/.tracks"), { mode: 0o700 });
  expect(await host.apply(site())).toMatchObject({ code: 0, stderr: "" });
  umount("/microarray");
  expect((await host.apply(site())).reason).toContain(
    "it had the directory /microarray/.tracks, and files",
  );
});

test("another disk at the same mount point is an error too", async () => {
  mount("/microarray");
  await host.apply(site());
  umount("/microarray");
  const other = mkdtempSync(join(tmpdir(), "tracks-disk-"));
  mount("/microarray", other);
  expect((await host.apply(site(), { repair: 1 })).reason).toContain(
    "the file system of /microarray is not mounted: it had the directory /microarray/.tracks",
  );
  expect(readdirSync(other)).toEqual([]);
  umount("/microarray");
  rmSync(other, { recursive: true });
});

test("files that were moved off their disk, with .tracks, are found at their new place", async () => {
  mount("/microarray");
  await host.apply(site());
  umount("/microarray");
  execaSync("cp", ["-a", `${disk}/.`, host.at("/microarray")]);
  expect((await host.run(["probe"])).stdout).toMatch(/^ok site\n/);
  expect((await host.apply(site())).stdout).toBe("applied site: unchanged\n");
});

test("a lost file system is forgotten with the command in the error, and everything is created again", async () => {
  mount("/microarray");
  await host.apply(site());
  umount("/microarray");
  const { reason } = await host.apply(site(), { repair: 1 });
  const command = /lost for good, .*: (sed .*)$/.exec(reason)?.[1];
  execaSync("/bin/sh", ["-c", command ?? "exit 1"]);
  expect((await host.run(["probe"])).stdout).toMatch(
    /^drift site\t.*\/microarray\/shared\tis missing/,
  );
  expect(await host.apply(site(), { repair: 1 })).toMatchObject({ code: 0, stderr: "" });
  expect(existsSync(host.at("/microarray/shared/secret_key"))).toBe(true);
});

test("a missing file system behind a link is an error too", async () => {
  mkdirSync(join(disk, "microarray"));
  mount("/data");
  symlinkSync("data/microarray", host.at("/microarray"));
  expect(await host.apply(site())).toMatchObject({ code: 0, stderr: "" });
  umount("/data");
  mkdirSync(host.at("/data/microarray"));
  expect((await host.apply(site(), { repair: 1 })).reason).toMatch(/^the file system of \/data is/);
  expect(readdirSync(host.at("/data/microarray"))).toEqual([]);
});

test("mounts that appear and disappear meanwhile do no harm", async () => {
  mount("/home");
  const user = "user deployer home=/home/deployer shell=/bin/bash system=no";
  await host.apply(manifest("user", "users", user));
  const places = join(disk, "places");
  // More than the kernel writes at once, so that lines shift under the reader. The probe starts when they come.
  const churn = `{
    for name in $(seq 60); do mkdir -p ${places}/$name; done
    while [ -d /proc/$$ ]; do
      for name in $(seq 60); do mount --bind ${places}/$name ${places}/$name || exit; done
      for name in $(seq 60); do umount ${places}/$name || exit; done
    done >/dev/null 2>&1 &
    until grep -q ${places}/ /proc/self/mountinfo; do kill -0 $! && sleep 0.01 || exit; done
  }`;
  for (let run = 0; run < 12; run++) {
    expect(await host.run(["probe"], { mounts: churn })).toMatchObject({ code: 0, stderr: "" });
  }
});

test("a missing file system of a home is an error too", async () => {
  mount("/home");
  const user = "user deployer home=/home/deployer shell=/bin/bash system=no";
  expect(await host.apply(manifest("user", "users", user))).toMatchObject({ code: 0 });
  umount("/home");
  expect((await host.run(["probe"])).reason).toMatch(/^\/home is not mounted: .*mount \/home\./);
  expect((await host.apply(manifest("user", "users", user), { repair: 1 })).code).toBe(1);
  expect(host.exists("/home/deployer")).toBe(false);
});

test("a home that is a file system by itself is never given to root", async () => {
  host.write(
    "/etc/passwd",
    host.read("/etc/passwd").replace(/^(daemon:.*:).*(:[^:]*)$/m, "$1/home/d$2"),
  );
  mount("/home/d");
  execaSync("chown", ["daemon", disk]);
  const application =
    "application=/microarray/tracks,/home/d/venv,/microarray/shared/tracks,1.1.1.1:1,1.1.1.1:2,/bin/python3";
  const { stdout } = await host.run(["survey", application]);
  const venvs = "directory /home/d/venvs owner=daemon group=daemon mode=0755";
  const { reason } = await host.apply(manifest("app", "none", venvs));
  for (const said of [reason, /^obstacle\tfailure\t(.*)$/m.exec(stdout)?.[1] ?? ""]) {
    expect(said).toContain(
      "/home/d is the home of daemon and must stay so: mount its file system at /home, with /home/d as a directory on it",
    );
    expect(said).not.toContain("chown");
  }
  expect(readdirSync(disk)).toEqual([]);
});

test("names the copy of a file in /etc by its path where /var is a file system of its own", async () => {
  mount("/var");
  host.write("/etc/motd", "theirs\n");
  const run = await host.apply(
    manifest("motd", "none", "file /etc/motd owner=root group=root mode=0644", "| ours"),
  );
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const copy = /\S*\/\.tracks\/kept\/\S+/.exec(run.stdout)?.[0] ?? "";
  expect(copy).toContain(host.at("/.tracks/kept/"));
  expect(readFileSync(copy, "utf8")).toBe("theirs\n");
});
