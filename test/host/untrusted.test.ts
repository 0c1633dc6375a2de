import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from "node:fs";
import { createServer } from "node:net";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { manifest, PrivateRoot } from "./privateRoot";

/** What a user who can write to a directory can do to root, who writes there. */
let host: PrivateRoot;
const games = Number(execaSync("id", ["-u", "games"]).stdout);
beforeEach(() => {
  host = new PrivateRoot();
  host.write("/etc/shadow-like", "root's secret\n", 0o600);
});
afterEach(() => {
  host.remove();
});

function giveToGames(path: string): void {
  chownSync(host.at(path), games, games);
}

const site = manifest(
  "site",
  "none",
  "directory /home/sites owner=games group=games mode=0755",
  "file /home/sites/tracks owner=games group=games mode=0644",
  "| content",
);

test("replaces a planted link in place of a file, and never writes through it", async () => {
  host.write("/home/sites/x", "");
  giveToGames("/home/sites");
  symlinkSync(host.at("/etc/shadow-like"), host.at("/home/sites/tracks"));
  expect((await host.apply(site)).code).toBe(0);
  expect(host.read("/etc/shadow-like")).toBe("root's secret\n");
  expect(host.ownership("/etc/shadow-like")).toBe("root root 600");
  expect(lstatSync(host.at("/home/sites/tracks")).isFile()).toBe(true);
  await host.removeResource("site");
  // The link itself is restored, not its target.
  expect(lstatSync(host.at("/home/sites/tracks")).isSymbolicLink()).toBe(true);
});

test("refuses and names a planted link in place of a directory", async () => {
  host.write("/home/games/x", "");
  giveToGames("/home/games");
  symlinkSync(host.at("/etc"), host.at("/home/games/.ssh"));
  const keys = manifest(
    "keys",
    "users",
    "directory /home/games/.ssh owner=games group=games mode=0700",
    "file /home/games/.ssh/authorized_keys owner=games group=games mode=0600",
    "| ssh-ed25519 AAAA",
  );
  const run = await host.apply(keys);
  expect(run.code).toBe(1);
  expect(run.reason).toContain(
    "/home/games/.ssh is a symbolic link in a directory that games can write to",
  );
  expect(host.exists("/etc/authorized_keys")).toBe(false);
  expect(host.ownership("/etc")).toBe("root root 755");
});

test("a directory that is swapped for a link during the run leads nowhere", async () => {
  host.write("/home/games/.ssh/x", "");
  giveToGames("/home/games");
  giveToGames("/home/games/.ssh");
  const keys = manifest(
    "keys",
    "nginx",
    "file /home/games/.ssh/authorized_keys owner=games group=games mode=0600",
    "| ssh-ed25519 AAAA",
    "file /etc/nginx/conf.d/x.conf owner=root group=root mode=0644",
    "| gzip on;",
  );
  // nginx's test runs between staging and swap: that is when the user strikes.
  host.write(
    "/strike",
    `mv ${host.at("/home/games/.ssh")} ${host.at("/home/games/moved")}; ln -s ${host.at("/etc")} ${host.at("/home/games/.ssh")}`,
  );
  const run = await host.apply(keys);
  expect(run.code).toBe(1);
  expect(run.reason).toContain("symbolic link");
  expect(host.exists("/etc/authorized_keys")).toBe(false);
});

test("a hard link to a file of root gives nothing away", async () => {
  host.write("/home/sites/x", "");
  giveToGames("/home/sites");
  linkSync(host.at("/etc/shadow-like"), host.at("/home/sites/tracks"));
  await host.apply(site);
  expect(host.ownership("/etc/shadow-like")).toBe("root root 600");
  await host.removeResource("site");
  expect(host.ownership("/home/sites/tracks")).toBe("root root 600");
  expect(host.read("/etc/shadow-like")).toBe("root's secret\n");
});

test("candidates and kept files are never where another user can write or an include looks", async () => {
  host.write("/etc/logrotate.d/other", "");
  host.write("/home/sites/tracks", "former\n");
  giveToGames("/home/sites");
  await host.apply(site);
  expect(readdirSync(host.at("/home/sites"))).toEqual(["tracks"]);
  expect(host.ownership("/var/lib/tracks")).toBe("root root 700");
});

test("refuses a state directory that others could read", async () => {
  await host.apply(site);
  execaSync("chmod", ["755", host.at("/var/lib/tracks")]);
  expect((await host.apply(site)).reason).toContain("must be a directory of root with mode 0700");
});

test("prepares files at the top of a separate file system, readable by root only", async () => {
  execaSync("mkdir", ["-p", host.at("/microarray")]);
  execaSync("mount", ["-t", "tmpfs", "-o", "mode=755", "none", host.at("/microarray")]);
  try {
    const text = manifest("m", "none", "file /microarray/f owner=root group=root mode=0644", "| x");
    host.write("/microarray/f", "former\n");
    expect(await host.apply(text)).toMatchObject({ code: 0, stderr: "" });
    expect(host.ownership("/microarray/.tracks")).toBe("root root 700");
    await host.removeResource("m");
    expect(host.read("/microarray/f")).toBe("former\n");

    execaSync("chown", ["games", host.at("/microarray")]);
    const refused = await host.apply(text);
    expect(refused.reason).toMatch(/^games can write to .*: root can't safely prepare files there/);

    // In a sticky directory another user may have made the store first, as a link to our own tree.
    execaSync("chown", ["root", host.at("/microarray")]);
    execaSync("chmod", ["1777", host.at("/microarray")]);
    execaSync("rm", ["-r", host.at("/microarray/.tracks")]);
    mkdirSync(host.at("/etc/stage/none"), { recursive: true });
    symlinkSync(host.at("/etc"), host.at("/microarray/.tracks"));
    const planted = await host.apply(text);
    expect(planted.reason).toContain(
      "/microarray/.tracks must be a directory of root with mode 0700",
    );
    expect(host.exists("/etc/stage/none")).toBe(true);
    expect(host.exists("/etc/kept")).toBe(false);
  } finally {
    execaSync("umount", [host.at("/microarray")]);
  }
});

test("a spool that is a link to a directory of root gives nothing of it away", async () => {
  host.write("/etc/private/archive", "", 0o600);
  chmodSync(host.at("/etc/private"), 0o700);
  execaSync("tar", ["-cf", host.at("/etc/private/archive"), "-C", host.at("/etc"), "shadow-like"]);
  mkdirSync(host.at("/home/games/.tracks"), { recursive: true });
  symlinkSync(host.at("/etc/private"), host.at("/home/games/.tracks/tracks.dev"));
  mkdirSync(host.at("/microarray/releases/tracks"), { recursive: true });
  giveToGames("/microarray/releases/tracks");
  host.write(
    "/etc/passwd",
    host.read("/etc/passwd").replace(/^(games:.*):[^:]*:([^:]*)$/m, "$1:/home/games:$2"),
  );
  host.switchUsers();
  const archive = readFileSync(host.at("/etc/private/archive"));
  const sha256 = createHash("sha256").update(archive).digest("hex");
  const run = await host.apply(
    manifest(
      "source",
      "source",
      `release /microarray/releases/tracks/one owner=games wsgi=wsgi.py requirements=requirements.txt archive=.tracks/tracks.dev/archive login=games sha256=${sha256}`,
    ),
  );
  expect(run.code).toBe(1);
  expect(run.reason).toBe(
    "the archive of the source: games can't read /home/games/.tracks/tracks.dev/archive: remove it, and run pulumi up again",
  );
  expect(host.exists("/etc/private/archive")).toBe(true);
  expect(readdirSync(host.at("/microarray/releases/tracks"))).toEqual([]);
});

/** Lets a user act once, right before a command with these words: between two checks of root. */
function strikeBefore(command: string, words: string, strike: string): void {
  host.write("/strike-once", "");
  host.write(
    `/counted/${command}`,
    [
      "#!/bin/bash",
      `if [[ -e ${host.at("/strike-once")} && " $* " == *"${words}"* ]]; then`,
      `  rm ${host.at("/strike-once")}`,
      `  ${strike}`,
      "fi",
      `exec /bin/${command} "$@"`,
      "",
    ].join("\n"),
    0o755,
  );
}

test("does not wait for a file that becomes a pipe while root reads it", async () => {
  host.write("/home/sites/tracks", "former\n");
  giveToGames("/home/sites");
  const file = host.at("/home/sites/tracks");
  strikeBefore("sha256sum", "home/sites/tracks", `rm -f ${file}; mkfifo ${file}`);
  strikeBefore("dd", "./tracks", `rm -f ${file}; mkfifo ${file}`);
  expect(await host.apply(site)).toMatchObject({ code: 0, stderr: "" });
  expect(host.exists("/strike-once")).toBe(false);
  expect(host.read("/home/sites/tracks")).toBe("content\n");
});

test("does not follow a file that becomes a link while root reads it", async () => {
  // As long as root's file, so that only the content differs.
  host.write("/home/sites/tracks", "what was here\n");
  giveToGames("/home/sites");
  const file = host.at("/home/sites/tracks");
  const strike = `ln -sf ${host.at("/etc/shadow-like")} ${file}`;
  strikeBefore("sha256sum", "home/sites/tracks", strike);
  strikeBefore("dd", "./tracks", strike);
  // Root's file is what the manifest asks for: to take the link for it would be to have read it.
  const text = manifest(
    "site",
    "none",
    "directory /home/sites owner=games group=games mode=0755",
    "file /home/sites/tracks owner=root group=root mode=0644",
    "| root's secret",
  );
  expect((await host.apply(text)).code).toBe(0);
  expect(host.exists("/strike-once")).toBe(false);
  expect(lstatSync(host.at("/home/sites/tracks")).isFile()).toBe(true);
  expect(host.ownership("/home/sites/tracks")).toBe("root root 644");
});

test("does not follow a directory that becomes a link while a failed run removes it", async () => {
  host.write("/home/sites/x", "");
  giveToGames("/home/sites");
  host.write("/etc/nologin", "");
  const logs = host.at("/home/sites/logs");
  // A log that nginx or uWSGI would have opened by now.
  host.write("/counted/systemctl", `#!/bin/sh\ntouch ${logs}/nologin\nexit 1\n`, 0o755);
  const strike = `mv ${logs} ${host.at("/home/sites/moved")}; ln -s ${host.at("/etc")} ${logs}`;
  strikeBefore("rm", "./logs/nologin", strike);
  strikeBefore("find", " -size 0 -delete", strike);
  const run = await host.apply(
    manifest(
      "logs",
      "none",
      "directory /home/sites/logs owner=games group=games mode=0755",
      "service nosuch",
    ),
  );
  expect(run.code).toBe(1);
  expect(host.exists("/strike-once")).toBe(false);
  expect(host.exists("/etc/nologin")).toBe(true);
});

test("relabels a user's tree as that user, and root's own as root", async () => {
  host.write("/selinux", "Enforcing\n");
  host.write("/srv/site/index.html", "");
  host.write("/srv/site/uploads/deep/file", "");
  for (const path of ["/srv/site/uploads", "/srv/site/uploads/deep"]) giveToGames(path);
  host.calls();
  const run = await host.apply(
    manifest("labels", "none", "selinux-context httpd_sys_content_t /srv/site(/.*)?"),
  );
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const calls = host.calls().filter((call) => /^(restorecon|runuser)/.test(call));
  const tree = host.at("/srv/site");
  expect(calls).toHaveLength(3);
  expect(calls[0]?.split(" ").sort()).toEqual(
    [tree, `${tree}/index.html`, `${tree}/uploads`, "restorecon"].sort(),
  );
  expect(calls[1]).toMatch(/^runuser .* games -- .* restorecon -R \S+\/uploads$/);
  expect(calls[2]).toBe(`restorecon -R ${tree}/uploads`);
});

test("copies no oversized file from sites that another user can change", async () => {
  host.write("/etc/nginx/sites-available/site", "server { }\n");
  giveToGames("/etc/nginx/sites-available");
  truncateSync(host.at("/etc/nginx/sites-available/site"), 600 * 1024 * 1024);
  const text = manifest(
    "nginx",
    "nginx",
    "file /etc/nginx/conf.d/x.conf owner=root group=root mode=0644",
    "| gzip on;",
  );
  const large = await host.apply(text);
  expect(large.reason).toContain(
    "/etc/nginx has 600 MB, of which sites-available/site has 600 MB; 512 MB are allowed, since a test copies all of it. Move files away that are not configuration of nginx",
  );
  rmSync(host.at("/etc/nginx/sites-available/site"));
  execaSync("mkfifo", [host.at("/etc/nginx/sites-available/site")]);
  expect((await host.apply(text)).reason).toContain(
    "/etc/nginx/sites-available/site is a pipe or a device, for which nginx may wait forever",
  );
  rmSync(host.at("/etc/nginx/sites-available/site"));
  expect(await host.apply(text)).toMatchObject({ code: 0, stderr: "" });
});

test("accepts databases of addresses and a socket in nginx's tree", async () => {
  host.write("/etc/nginx/geoip/GeoLite2-City.mmdb", "");
  truncateSync(host.at("/etc/nginx/geoip/GeoLite2-City.mmdb"), 70 * 1024 * 1024);
  const socket = createServer().listen(host.at("/etc/nginx/app.sock"));
  const run = await host.apply(
    manifest(
      "nginx",
      "nginx",
      "file /etc/nginx/conf.d/x.conf owner=root group=root mode=0644",
      "| gzip on;",
    ),
  );
  socket.close();
  expect(run).toMatchObject({ code: 0, stderr: "" });
});

test("follows a link of root in a directory like /tmp, but not one of another user", async () => {
  host.write("/etc/target/x", "");
  host.write("/data/x", "");
  chmodSync(host.at("/data"), 0o1777);
  symlinkSync("../etc/target", host.at("/data/site"));
  lchownSync(host.at("/data/site"), games, games);
  const file = manifest("a", "none", "file /data/site/f owner=root group=root mode=0644", "| x");
  const run = await host.apply(file);
  expect(run.code).toBe(1);
  expect(run.reason).toContain(
    "/data/site is a symbolic link in a directory that a group or every user can write to",
  );
  expect(host.exists("/etc/target/f")).toBe(false);
  lchownSync(host.at("/data/site"), 0, 0);
  expect(await host.apply(file)).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/etc/target/f")).toBe("x\n");
});
