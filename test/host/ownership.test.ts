import { existsSync, lstatSync, readdirSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
  host.installScript("tracks.production");
});
afterEach(() => {
  host.remove();
});

const motd = (name: string, content: string, ...more: string[]): string =>
  manifest(name, "none", "file /etc/motd owner=root group=root mode=0644", `| ${content}`, ...more);

test("restores what was there on remove, with owner, mode and time", async () => {
  host.write("/etc/motd", "the administrator's\n", 0o640);
  utimesSync(host.at("/etc/motd"), 1_000_000_000, 1_000_000_000);
  symlinkSync("motd", host.at("/etc/issue"));
  host.write("/etc/in-the-way/file", "in a directory\n");
  const entries = [
    "symlink /etc/issue -> other",
    "file /etc/in-the-way owner=root group=root mode=0644",
    "| ours",
  ];
  expect((await host.apply(motd("a", "ours", ...entries))).code).toBe(0);
  expect(host.linkTarget("/etc/issue")).toBe("other");
  expect(host.read("/etc/in-the-way")).toBe("ours\n");

  expect(await host.removeResource("a")).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/etc/motd")).toBe("the administrator's\n");
  expect(host.ownership("/etc/motd")).toBe("root root 640");
  expect(statSync(host.at("/etc/motd")).mtimeMs).toBe(1_000_000_000_000);
  expect(host.linkTarget("/etc/issue")).toBe("motd");
  expect(host.read("/etc/in-the-way/file")).toBe("in a directory\n");
  expect(readdirSync(host.at("/var/lib/tracks/kept"))).toEqual([]);
});

test("adopts an equal file, and restores it on remove even after later changes", async () => {
  host.write("/etc/motd", "same\n");
  expect((await host.apply(motd("a", "same"))).stdout).toBe("applied a: unchanged\n");
  await host.apply(motd("a", "newer"));
  await host.removeResource("a");
  expect(host.read("/etc/motd")).toBe("same\n");
});

test("overwrites a hand edit, keeps and names a copy, and audits the repair as corrective", async () => {
  await host.apply(motd("a", "ours"));
  host.write("/etc/motd", "edited at night\n");
  const run = await host.apply(motd("a", "ours"), { repair: 1 });
  expect(run.stdout).toContain("changed file /etc/motd");
  const kept = /kept \/etc\/motd as it was edited by hand: (\S+)/.exec(run.stdout)?.[1] ?? "";
  expect(existsSync(kept)).toBe(true);
  expect(host.read(kept.slice(host.root.length))).toBe("edited at night\n");
  const audit = host.read("/var/lib/tracks/audit.log").trimEnd().split("\n");
  expect(audit[0]).toMatch(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ tracks.dev\/a intended created file \/etc\/motd$/,
  );
  expect(audit[1]).toMatch(/ tracks.dev\/a corrective changed file \/etc\/motd$/);
});

test("keeps a hand edit on remove too", async () => {
  host.write("/etc/motd", "before\n");
  await host.apply(motd("a", "ours"));
  host.write("/etc/motd", "edited\n");
  const run = await host.removeResource("a");
  expect(host.read("/etc/motd")).toBe("before\n");
  const kept = /edited by hand: (\S+)/.exec(run.stdout)?.[1] ?? "";
  expect(host.read(kept.slice(host.root.length))).toBe("edited\n");
});

test("keeps what a renamed resource wrote when the old name is deleted", async () => {
  host.write("/etc/motd", "before\n");
  await host.apply(motd("old", "ours", "directory /etc/x owner=root group=root mode=0755"));
  await host.apply(motd("new", "ours", "directory /etc/x owner=root group=root mode=0755"));
  expect((await host.removeResource("old")).stdout).toBe("removed old: unchanged\n");
  expect(host.read("/etc/motd")).toBe("ours\n");
  expect(host.exists("/etc/x")).toBe(true);
  await host.removeResource("new");
  expect(host.read("/etc/motd")).toBe("before\n");
  expect(host.exists("/etc/x")).toBe(false);
});

const link = manifest("app", "none", "symlink /srv/tracks -> releases/1");
const inode = (path: string): number => lstatSync(host.at(path)).ino;

test("restores a replaced directory by rename, however large it is", async () => {
  host.write("/srv/tracks/media/upload.jpg", "x");
  const [before, file] = [inode("/srv/tracks"), inode("/srv/tracks/media/upload.jpg")];
  expect((await host.apply(link)).code).toBe(0);
  expect(await host.removeResource("app")).toMatchObject({ code: 0, stderr: "" });
  expect([inode("/srv/tracks"), inode("/srv/tracks/media/upload.jpg")]).toEqual([before, file]);
  expect(readdirSync(host.at("/var/lib/tracks/kept"))).toEqual([]);
});

test("loses nothing of a directory when it is killed while restoring it", async () => {
  host.write("/srv/tracks/media/upload.jpg", "x");
  const file = inode("/srv/tracks/media/upload.jpg");
  expect((await host.apply(link)).code).toBe(0);
  host.countPlainCommands();
  let killed = 0;
  for (let command = 1; ; command += 3) {
    host.killAt(command);
    const run = await host.removeResource("app");
    if (run.code === 0) break;
    killed += 1;
    const at = `killed before command ${command}`;
    expect(await host.run(["recover"]), at).toMatchObject({ code: 0, stderr: "" });
    if (lstatSync(host.at("/srv/tracks")).isDirectory()) {
      // Past the point of no return: the remove is complete.
      expect(inode("/srv/tracks/media/upload.jpg"), at).toBe(file);
      expect((await host.apply(link)).code, at).toBe(0);
    }
    expect(host.linkTarget("/srv/tracks"), at).toBe("releases/1");
  }
  expect(killed).toBeGreaterThan(5);
  expect(inode("/srv/tracks/media/upload.jpg")).toBe(file);
}, 180_000);

test("restores what a manifest no longer names", async () => {
  host.write("/etc/motd", "before\n");
  await host.apply(motd("a", "ours", "file /etc/second owner=root group=root mode=0644", "| x"));
  const run = await host.apply(
    manifest("a", "none", "directory /etc/d owner=root group=root mode=0755"),
  );
  expect(run.code).toBe(0);
  expect(host.read("/etc/motd")).toBe("before\n");
  expect(host.exists("/etc/second")).toBe(false);
});

test("refuses a path of another program, and names that", async () => {
  await host.apply(motd("a", "dev"));
  const run = await host.apply(motd("b", "production"), { scope: "tracks.production" });
  expect(run.code).toBe(1);
  expect(run.reason).toContain("/etc/motd is managed by tracks.dev/a");
  expect(host.read("/etc/motd")).toBe("dev\n");
});

test("shares directories: the last owner's remove removes an empty one", async () => {
  const shared = (name: string): string =>
    manifest(name, "none", "directory /microarray owner=root group=root mode=0755");
  await host.apply(shared("a"));
  await host.apply(shared("b"), { scope: "tracks.production" });
  await host.removeResource("a");
  expect(host.exists("/microarray")).toBe(true);
  await host.removeResource("b", { scope: "tracks.production" });
  expect(host.exists("/microarray")).toBe(false);
});

test("restores owner and mode of an existing directory, and never touches its content", async () => {
  host.write("/microarray/data", "x");
  const text = manifest("a", "none", "directory /microarray owner=games group=games mode=0700");
  await host.apply(text);
  expect(host.ownership("/microarray")).toBe("games games 700");
  await host.removeResource("a");
  expect(host.ownership("/microarray")).toBe("root root 755");
  expect(host.read("/microarray/data")).toBe("x");
});

test("follows a link that the administrator made in place of a directory", async () => {
  host.write("/big-disk/microarray/data", "x");
  symlinkSync("big-disk/microarray", host.at("/microarray"));
  const text = manifest(
    "a",
    "none",
    "directory /microarray owner=root group=root mode=0750",
    "file /microarray/f owner=root group=root mode=0644",
    "| x",
  );
  expect(await host.apply(text)).toMatchObject({ code: 0, stderr: "" });
  expect(lstatSync(host.at("/microarray")).isSymbolicLink()).toBe(true);
  expect(host.read("/big-disk/microarray/f")).toBe("x\n");
  expect((await host.apply(text)).stdout).toBe("applied a: unchanged\n");
  expect((await host.run(["probe"])).stdout).toContain("ok a\n");
});

const nginxConf = (name: string, body: string): string =>
  manifest(
    name,
    "nginx",
    "file /etc/nginx/nginx.conf owner=root group=root mode=0644",
    "| pid /run/nginx.pid;",
    "| include conf.d/*.conf;",
    "| include sites-enabled/*;",
    `| ${body}`,
    "directory /etc/nginx/sites-enabled owner=root group=root mode=0755",
    `file /etc/nginx/sites-enabled/${name} owner=root group=root mode=0644`,
    "| server { }",
    "service nginx",
  );

test("nginx.conf belongs to the first program, and to the second when the first is removed", async () => {
  await host.apply(nginxConf("first", "gzip on;"));
  const second = await host.apply(nginxConf("second", "gzip off;"), { scope: "tracks.production" });
  expect(second).toMatchObject({ code: 0, stderr: "" });
  expect(second.stdout).toContain("belongs to tracks.dev/first and differs from ours");
  expect(host.read("/etc/nginx/nginx.conf")).toContain("gzip on;");
  expect(host.exists("/etc/nginx/sites-enabled/second")).toBe(true);

  expect(await host.removeResource("first")).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/etc/nginx/nginx.conf")).toContain("include sites-enabled/*;");
  expect(host.exists("/etc/nginx/sites-enabled/second")).toBe(true);
  expect(host.exists("/services/nginx/running")).toBe(true);

  const probe = await host.run(["probe"], { scope: "tracks.production" });
  expect(probe.stdout).toContain(
    "drift second\t/etc/nginx/nginx.conf\tbelongs to this program now, since the one that owned it was removed",
  );
  const own = await host.apply(nginxConf("second", "gzip off;"), { scope: "tracks.production" });
  expect(own.code).toBe(0);
  expect(host.read("/etc/nginx/nginx.conf")).toContain("gzip off;");
  await host.removeResource("second", { scope: "tracks.production" });
  expect(host.read("/etc/nginx/nginx.conf")).not.toContain("sites-enabled");
  expect(host.exists("/services/nginx/running")).toBe(false);
});

test("refuses another program's nginx.conf that does not include our sites", async () => {
  const foreign = nginxConf("first", "gzip on;").replace("| include sites-enabled/*;\n", "");
  await host.apply(foreign);
  const second = await host.apply(nginxConf("second", "gzip off;"), { scope: "tracks.production" });
  expect(second.code).toBe(1);
  expect(second.reason).toContain("does not include sites-enabled/*");
});

test("the second program still waits for nginx.conf after its first owner was renamed", async () => {
  await host.apply(nginxConf("first", "gzip on;"));
  await host.apply(nginxConf("second", "gzip off;"), { scope: "tracks.production" });
  await host.apply(nginxConf("renamed", "gzip on;"));
  await host.removeResource("first");
  expect(await host.removeResource("renamed")).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/etc/nginx/nginx.conf")).toContain("include sites-enabled/*;");
});
