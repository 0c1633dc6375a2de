import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { manifest, PrivateRoot, type Run } from "./privateRoot";

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

const account = (shell = "/bin/bash", home = "/home/deployer"): string =>
  manifest("deployer", "users", `user deployer home=${home} shell=${shell} groups=wheel system=no`);
const password = (value: string): string =>
  manifest("secret", "users", "password deployer", `| ${value}`);

function shadow(user: string): string {
  return (
    host
      .read("/etc/shadow")
      .split("\n")
      .find((line) => line.startsWith(`${user}:`))
      ?.split(":")[1] ?? ""
  );
}

test("creates a user; remove keeps the account and its home, and locks its password", async () => {
  const first = await host.apply(account());
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toContain(
    "changed user deployer (none -> home=/home/deployer shell=/bin/bash)\n" +
      "changed member deployer wheel (no -> yes)\n",
  );
  expect((await host.apply(account())).stdout).toBe("applied deployer: unchanged\n");

  host.write("/home/deployer/data", "x");
  const removed = await host.removeResource("deployer");
  expect(removed.stdout).toContain(
    "the account deployer and its home stay, since a home is data; its password is locked",
  );
  expect(host.exists("/home/deployer/data")).toBe(true);
  expect(shadow("deployer")).toMatch(/^!/);

  // Taken up again, it is still known as ours.
  await host.apply(account());
  expect((await host.removeResource("deployer")).stdout).toContain("its password is locked");
});

test("gives a new user a group of its name, whatever the host's login.defs says", async () => {
  host.write("/etc/login.defs", "USERGROUPS_ENAB no\n");
  expect(await host.apply(account())).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/etc/group")).toContain("deployer:x:4242:\n");
  expect(host.read("/etc/passwd")).toContain("deployer:x:4242:4242:");
});

test("uses an existing group of its name for a new user", async () => {
  host.write("/etc/group", `${host.read("/etc/group")}deployer:x:700:\n`);
  expect(await host.apply(account())).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/etc/passwd")).toContain("deployer:x:4242:700:");
});

/** What root made before: an empty home, and /etc/skel; one file there is readable by root only. */
function prepareHome(): void {
  mkdirSync(host.at("/home/deployer"), { recursive: true });
  host.write("/etc/skel/.profile", "# new\n");
  host.write("/etc/skel/.netrc", "# private\n", 0o600);
  host.write("/etc/skel/.config/app.ini", "[app]\n");
}

/** Every path of the home with its owner and mode, and what its files hold. */
function home(): string[] {
  return [".", ...readdirSync(host.at("/home/deployer"), { recursive: true })]
    .sort()
    .map((name) => {
      const { uid, gid, mode } = statSync(host.at(`/home/deployer/${String(name)}`));
      return `${String(name)} ${uid}:${gid} ${(mode & 0o777).toString(8)}`;
    });
}

const filled = [
  ". 4242:4242 755",
  ".config 4242:4242 755",
  ".config/app.ini 4242:4242 644",
  ".netrc 4242:4242 600",
  ".profile 4242:4242 644",
];

test("gives a home that root made before to the new user, with the files of /etc/skel", async () => {
  prepareHome();
  const run = await host.apply(account());
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toContain(
    "gave the home /home/deployer, which belonged to root, to deployer\n",
  );
  expect(home()).toEqual(filled);
  expect(host.read("/home/deployer/.profile")).toBe("# new\n");
  expect((await host.apply(account())).stdout).toBe("applied deployer: unchanged\n");
});

test("fills and hands over the home on the next run after a kill at any point after useradd", async () => {
  prepareHome();
  host.countPlainCommands();
  expect((await host.apply(account())).code).toBe(0);
  const calls = host.calls();
  const first = calls.findIndex((call) => call.startsWith("useradd ")) + 2;
  const last = calls.findIndex((call) => /^chown .*\/home\/deployer$/.test(call)) + 2;
  // Fewer would mean that the stand-ins were not called.
  expect(last - first).toBeGreaterThan(8);
  for (let command = first; command <= last; command += 1) {
    host.remove();
    host = new PrivateRoot();
    prepareHome();
    host.countPlainCommands();
    host.killAt(command);
    const at = `killed before command ${command}: ${calls[command - 1] ?? ""}`;
    expect((await host.apply(account())).code, at).toBeUndefined();
    expect(await host.apply(account()), at).toMatchObject({ code: 0, stderr: "" });
    expect(home(), at).toEqual(filled);
  }
}, 180_000);

test("completes a copy into the home that failed halfway on the next run", async () => {
  prepareHome();
  const half = '/bin/cp "$@"\nfor to; do :; done\n: >"$to/.profile"\nrm "$to/.netrc"';
  const said = "cp: error writing: No space left on device";
  host.write("/counted/cp", `#!/bin/sh\n${half}\necho '${said}' >&2\nexit 1\n`, 0o755);
  expect((await host.apply(account())).reason).toContain(`can't fill /home/deployer: ${said}`);
  rmSync(host.at("/counted/cp"));
  expect(await host.apply(account())).toMatchObject({ code: 0, stderr: "" });
  expect(home()).toEqual(filled);
  expect(host.read("/home/deployer/.profile")).toBe("# new\n");
});

test("gives a home that is a new file system to the user, except for lost+found", async () => {
  prepareHome();
  mkdirSync(host.at("/home/deployer/lost+found"), { mode: 0o700 });
  expect(await host.apply(account())).toMatchObject({ code: 0, stderr: "" });
  expect(home()).toEqual([...filled, "lost+found 0:0 700"]);
});

const kept =
  "note: the home /home/deployer does not belong to deployer, and is not an empty directory of root: it stays as it is. To give it to deployer, run as root: chown deployer: /home/deployer\n";

test("leaves a home of root with files in it to root, with a note", async () => {
  host.write("/home/deployer/notes.txt", "root's");
  expect((await host.apply(account())).stdout).toContain(kept);
  expect(home()).toEqual([". 0:0 755", "notes.txt 0:0 644"]);
});

test("does not give away a home that is a link, or that others can write to", async () => {
  host.write("/etc/skel/.profile", "# new\n");
  mkdirSync(host.at("/opt"));
  symlinkSync("../opt", host.at("/home/deployer"));
  expect((await host.apply(account())).stdout).toContain(kept);
  expect(host.ownership("/opt")).toBe("root root 755");
  expect(readdirSync(host.at("/opt"))).toEqual([]);

  rmSync(host.at("/home/deployer"));
  mkdirSync(host.at("/home/deployer"));
  chmodSync(host.at("/home/deployer"), 0o777);
  expect((await host.apply(account())).stdout).toContain(kept);
  expect(home()).toEqual([". 0:0 777"]);
});

test("refuses a home that is a link to another user's directory", async () => {
  mkdirSync(host.at("/srv/games"), { recursive: true });
  chownSync(host.at("/srv/games"), 5, 60);
  symlinkSync(host.at("/srv/games"), host.at("/home/deployer"));
  expect((await host.apply(account())).reason).toContain(
    "the home /home/deployer of the new user deployer exists and belongs to the user id 5",
  );
});

/** Files that belong to a user's primary group, whatever its name is. */
const ownedBy = (user: string): string =>
  manifest(
    "owned",
    "none",
    `directory /srv/own owner=${user} mode=0755`,
    "file /etc/owned.conf owner=root group=root mode=0644",
    `| create 0640 nginx @@GROUP_OF ${user}@@`,
  );

test("uses the real primary group of an adopted user", async () => {
  host.write("/etc/passwd", host.read("/etc/passwd").replace(/^games:x:5:60:/m, "games:x:5:100:"));
  host.write("/etc/group", `${host.read("/etc/group").replace(/^games:.*\n/m, "")}users:x:100:\n`);
  host.write("/srv/.keep", "");
  expect(await host.apply(ownedBy("games"))).toMatchObject({ code: 0, stderr: "" });
  expect(host.ownership("/srv/own")).toBe("games users 755");
  expect(host.read("/etc/owned.conf")).toBe("create 0640 nginx users\n");
  expect((await host.run(["probe"])).stdout).toMatch(/^ok owned\n/);
});

test("reports a primary group without a name, in the preview too", async () => {
  host.write("/directory-passwd", "remote:x:9000:4000::/home/remote:/bin/bash\n");
  host.write("/srv/.keep", "");
  const said = "the primary group of the user remote has the id 4000 and no name on this host";
  expect((await host.apply(ownedBy("remote"))).reason).toContain(`${said}, so no file`);
  const survey = await host.run(["--scope", "tracks.dev", "survey", "user=remote"]);
  expect(survey).toMatchObject({ code: 0, stderr: "" });
  expect(survey.stdout).toContain(`obstacle\tfailure\t${said}`);
});

test("says that an account comes from a directory service, when it can't be changed here", async () => {
  host.write("/directory-passwd", "deployer:x:9000:100::/home/deployer:/bin/tcsh\n");
  host.write("/etc/group", `${host.read("/etc/group")}users:x:100:\n`);
  const manifest = account().replace(" groups=wheel", "");
  expect((await host.apply(manifest)).reason).toContain(
    "can't change the account deployer: usermod: user 'deployer' does not exist in /etc/passwd; it comes from a directory service (LDAP): change it there, or set LinuxUser.shell to /bin/tcsh",
  );
  expect(await host.apply(manifest.replace("/bin/bash", "/bin/tcsh"))).toMatchObject({ code: 1 });
  host.write("/bin/tcsh", "", 0o755);
  expect(await host.apply(manifest.replace("/bin/bash", "/bin/tcsh"))).toMatchObject({ code: 0 });
});

test("adopts a user, and restores its shell and groups on remove", async () => {
  host.write(
    "/etc/passwd",
    `${host.read("/etc/passwd")}deployer:x:700:700::/home/deployer:/bin/sh\n`,
  );
  host.write("/etc/group", `${host.read("/etc/group")}deployer:x:700:\nusers:x:100:deployer\n`);
  host.write("/etc/shadow", `${host.read("/etc/shadow")}deployer:$6$old:19000::::::\n`);
  expect((await host.apply(account())).code).toBe(0);
  expect(host.read("/etc/passwd")).toContain("deployer:x:700:700::/home/deployer:/bin/bash\n");
  expect(host.read("/etc/group")).toContain("wheel:x:10:deployer\n");
  expect(host.read("/etc/group")).toContain("users:x:100:deployer\n");
  await host.removeResource("deployer");
  expect(host.read("/etc/passwd")).toContain("deployer:x:700:700::/home/deployer:/bin/sh\n");
  expect(host.read("/etc/group")).toContain("wheel:x:10:\n");
  expect(shadow("deployer")).toBe("$6$old");
});

test("keeps the groups of an adopted user that somebody else added", async () => {
  host.write(
    "/etc/passwd",
    `${host.read("/etc/passwd")}deployer:x:700:700::/home/deployer:/bin/sh\n`,
  );
  host.write("/etc/group", `${host.read("/etc/group")}deployer:x:700:\nusers:x:100:\nold:x:101:\n`);
  host.write("/etc/shadow", `${host.read("/etc/shadow")}deployer:$6$old:19000::::::\n`);
  await host.apply(account());
  host.write("/etc/group", host.read("/etc/group").replace("users:x:100:", "users:x:100:deployer"));
  // A run in between must not take the new group for one of ours, nor the shell.
  expect((await host.run(["probe"])).stdout).toContain("ok deployer\n");
  await host.apply(account("/bin/sh"));
  expect(await host.removeResource("deployer")).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/etc/group")).toContain("wheel:x:10:\n");
  expect(host.read("/etc/group")).toContain("users:x:100:deployer\n");
});

test("removes the user from a group that the manifest no longer names", async () => {
  await host.apply(account());
  expect((await host.apply(account().replace(" groups=wheel", ""))).stdout).toContain(
    "released member deployer wheel (yes -> no)\n",
  );
  expect(host.read("/etc/group")).toContain("wheel:x:10:\n");
});

test("never moves an existing user's home: the error names both fixes", async () => {
  host.write(
    "/etc/passwd",
    `${host.read("/etc/passwd")}deployer:x:700:700::/srv/deployer:/bin/bash\n`,
  );
  const run = await host.apply(account());
  expect(run.code).toBe(1);
  expect(run.reason).toContain("exists with the home /srv/deployer, not /home/deployer");
  expect(run.reason).toContain("usermod -m -d /home/deployer deployer");
});

test("names a shell or group that the host lacks, and refuses a home of another user", async () => {
  expect((await host.apply(account("/bin/zsh"))).reason).toContain(
    "the shell /bin/zsh does not exist",
  );
  const group = account().replace("groups=wheel", "groups=docker");
  expect((await host.apply(group)).reason).toContain("there is no group docker");
  host.write("/home/deployer/x", "");
  chownSync(host.at("/home/deployer"), 4711, 4711);
  expect((await host.apply(account())).reason).toContain("exists and belongs to the user id 4711");
});

test("sets a password through stdin, only when it changed, and restores the former hash", async () => {
  await host.apply(account());
  const former = shadow("deployer");
  expect((await host.apply(password("correct horse"))).stdout).toBe(
    "changed the password of deployer\napplied secret: 1 change\n",
  );
  const set = shadow("deployer");
  expect(set).not.toBe(former);
  expect((await host.apply(password("correct horse"))).stdout).toBe("applied secret: unchanged\n");
  expect(shadow("deployer")).toBe(set);

  await host.apply(password("battery staple"));
  expect(shadow("deployer")).not.toBe(set);
  await host.removeResource("secret");
  expect(shadow("deployer")).toBe(former);
  expect(readdirSync(host.at("/var/lib/tracks/kept"))).toEqual([]);
});

test("sets a password that looks like a placeholder as it is", async () => {
  await host.apply(account());
  const result = await host.apply(password("x@@PROD2024@@y"));
  expect(result.stdout).toContain("changed the password of deployer");
  expect(result.stdout + result.stderr).not.toContain("PROD2024");
});

test.each([
  [
    "a secret file",
    "file /srv/local.py owner=root group=root mode=0400 secret=yes",
    "/srv/local.py",
  ],
  ["a setting", "setting /etc/yum.conf section=main key=proxy", "/etc/yum.conf"],
])("uses the value of %s as it is, even if it looks like a placeholder", async (_, entry, path) => {
  host.write("/srv/keep", "");
  host.write("/etc/yum.conf", "[main]\n");
  const secret = "p@@PROD2024@@q @@NGINX_PID@@";
  const result = await host.apply(manifest("secrets", "none", entry, `| ${secret}`));
  expect(result).toMatchObject({ code: 0, stderr: "" });
  expect(host.read(path)).toContain(secret);
  expect(result.stdout).not.toContain("PROD2024");
});

test("reports a password that was changed by hand as drift, and sets it again", async () => {
  await host.apply(account());
  await host.apply(password("one"));
  host.write(
    "/etc/shadow",
    host.read("/etc/shadow").replace(/deployer:[^:]*/, "deployer:$6$by-hand"),
  );
  expect((await host.run(["probe"])).stdout).toContain(
    "drift secret\tpassword deployer\twas changed\n",
  );
  await host.apply(password("one"));
  expect(shadow("deployer")).not.toBe("$6$by-hand");
  expect((await host.run(["probe"])).stdout).toContain("ok secret\n");
});

test("refuses a password for a user that does not exist", async () => {
  expect((await host.apply(password("x"))).reason).toContain("there is no user deployer");
});

test("keeps the account of a failed run, and the next run still knows it as ours", async () => {
  const failing = manifest(
    "deployer",
    "users",
    "user deployer home=/home/deployer shell=/bin/bash system=no",
    "file /etc/sudoers.d/deployer owner=root group=root mode=0440 check=sudoers",
    "| this is no sudoers line at all",
  );
  const run = await host.apply(failing);
  expect(run.code).toBe(1);
  expect(run.reason).toContain("visudo refuses /etc/sudoers.d/deployer");
  expect(host.exists("/etc/sudoers.d/deployer")).toBe(false);
  expect((await host.apply(account())).code).toBe(0);
  expect((await host.removeResource("deployer")).stdout).toContain("its password is locked");
});

test("lets only the user read its authorized keys, also after somebody opened them to others", async () => {
  host.write("/home/games/.keep", "");
  const keys = manifest(
    "keys",
    "users",
    "directory /home/games/.ssh owner=games group=games mode=0700",
    "file /home/games/.ssh/authorized_keys owner=games group=games mode=0600",
    "| ssh-ed25519 AAAA one@example.org",
  );
  expect((await host.apply(keys)).code).toBe(0);
  chmodSync(host.at("/home/games/.ssh"), 0o777);
  chmodSync(host.at("/home/games/.ssh/authorized_keys"), 0o666);
  expect((await host.run(["probe"])).stdout).toMatch(
    /^drift keys\t.*\.ssh\tmode .*\ndrift keys\t.*authorized_keys\tmode /m,
  );
  expect((await host.apply(keys, { repair: 1 })).code).toBe(0);
  expect(host.ownership("/home/games/.ssh")).toBe("games games 700");
  expect(host.ownership("/home/games/.ssh/authorized_keys")).toBe("games games 600");
});

test("leaves no former hash after a failed run", async () => {
  await host.apply(account());
  host.write("/etc/shadow", host.read("/etc/shadow").replace(/deployer:[^:]*/, "deployer:$6$old"));
  const failing = manifest("secret", "users", "password deployer", "| new", "service nosuch");
  expect((await host.apply(failing)).code).toBe(1);
  expect(shadow("deployer")).toBe("$6$old");
  expect(readdirSync(host.at("/var/lib/tracks/kept"))).toEqual([]);
});

test("leaves no former hash after a run that was killed while it kept one", async () => {
  await host.apply(account());
  await host.apply(password("one"));
  const before = readdirSync(host.at("/var/lib/tracks/kept"));
  host.killBeforeKeeping("shadow-");
  expect((await host.apply(password("two"))).code).toBeUndefined();
  rmSync(host.at("/counted/mv"));
  expect(await host.run(["recover"])).toMatchObject({ code: 0, stderr: "" });
  expect(readdirSync(host.at("/var/lib/tracks/kept"))).toEqual(before);
});

test("does not take an account for ours that it could not create and somebody else creates", async () => {
  host.write(
    "/counted/useradd",
    "#!/bin/sh\necho 'useradd: cannot lock /etc/passwd; try again later.' >&2\nexit 1\n",
    0o755,
  );
  const failed = await host.apply(account());
  expect(failed.reason).toContain("cannot lock /etc/passwd");
  host.write(
    "/etc/passwd",
    `${host.read("/etc/passwd")}deployer:x:700:700::/home/deployer:/bin/sh\n`,
  );
  host.write("/etc/group", `${host.read("/etc/group")}deployer:x:700:\n`);
  host.write("/etc/shadow", `${host.read("/etc/shadow")}deployer:$6$old:19000::::::\n`);
  expect((await host.apply(account())).code).toBe(0);
  const removed = await host.removeResource("deployer");
  expect(removed.stdout).not.toContain("its password is locked");
  expect(shadow("deployer")).toBe("$6$old");
});

/** A host with our account, whose password was FORMER before ours. Returns the hash of ours. */
async function withPassword(former: string): Promise<string> {
  await host.apply(account());
  setHash(former);
  await host.apply(password("ours"));
  host.calls();
  return shadow("deployer");
}

function setHash(hash: string): void {
  host.write("/etc/shadow", host.read("/etc/shadow").replace(/deployer:[^:]*/, `deployer:${hash}`));
}

test.each([
  ["$6$old", "chpasswd -e"],
  ["!!", "usermod -p !! -- deployer"],
])(
  "after a kill of a remove that restores %s, recover and the next remove succeed",
  async (former, change) => {
    await withPassword(former);
    expect((await host.removeResource("secret")).code).toBe(0);
    expect(shadow("deployer")).toBe(former);
    const commands = host.calls();
    const first = commands.indexOf(change);
    expect(first).toBeGreaterThan(0);
    for (let index = first; index < commands.length; index += 1) {
      host.remove();
      host = new PrivateRoot();
      const ours = await withPassword(former);
      host.killAt(index + 1);
      const at = `killed before command ${index + 1}: ${commands[index] ?? ""}`;
      expect((await host.removeResource("secret")).code, at).toBeUndefined();
      expect(await host.run(["recover"]), at).toMatchObject({ code: 0, stderr: "" });
      expect([ours, former], at).toContain(shadow("deployer"));
      expect(await host.removeResource("secret"), at).toMatchObject({ code: 0, stderr: "" });
      expect(shadow("deployer"), at).toBe(former);
      expect(readdirSync(host.at("/var/lib/tracks/kept")), at).toEqual([]);
    }
  },
  180_000,
);

test("a former hash that is not kept any more does not stop the undoing for ever", async () => {
  await withPassword("$6$old");
  host.killBeforeKeeping("shadow-");
  await host.apply(password("next"));
  rmSync(host.at("/counted/mv"));
  setHash("$6$next");
  const said =
    "password deployer stays as it is, since its former state is not kept any more: set it by hand";
  expect(await host.run(["recover"])).toMatchObject({ code: 0, stderr: `${said}\n` });
  expect(shadow("deployer")).toBe("$6$next");
  expect(host.read("/var/lib/tracks/audit.log")).toContain(` tracks.dev/secret intended ${said}\n`);
  expect((await host.run(["recover"])).stdout).toBe("nothing was interrupted\n");
});

test("after a kill of a remove that has locked the account, recover unlocks it", async () => {
  const locks = "usermod -L -- deployer";
  const lockedOnce = async (killAt: number) => {
    await host.apply(account());
    setHash("$6$set");
    host.calls();
    if (killAt > 0) host.killAt(killAt);
    return host.removeResource("deployer");
  };
  expect((await lockedOnce(0)).code).toBe(0);
  expect(shadow("deployer")).toBe("!$6$set");
  const commands = host.calls();
  const first = commands.indexOf(locks);
  expect(first).toBeGreaterThan(0);
  for (let index = first + 1; index < commands.length; index += 1) {
    host.remove();
    host = new PrivateRoot();
    const at = `killed before command ${index + 1}: ${commands[index] ?? ""}`;
    expect((await lockedOnce(index + 1)).code, at).toBeUndefined();
    const recovered = await host.run(["recover"]);
    expect(recovered, at).toMatchObject({ code: 0, stderr: "" });
    const finished = recovered.stdout.startsWith("finished");
    expect(shadow("deployer"), at).toBe(finished ? "!$6$set" : "$6$set");
    expect(readdirSync(host.at("/var/lib/tracks/kept")), at).toEqual([]);
  }
}, 180_000);

test("moves users from a file that they shared to one each, and removes it", async () => {
  const rules = (user: string, variables: string): string =>
    manifest(
      user,
      "users",
      "directory /etc/tracks owner=root group=root mode=0755",
      `file /etc/tracks/${variables} owner=root group=root mode=0644`,
      "| PAGER=cat",
      `file /etc/sudoers.d/tracks-${user} owner=root group=root mode=0440 check=sudoers`,
      `| Defaults:${user} env_file=/etc/tracks/${variables}`,
    );
  const users = ["daemon", "games"];
  for (const user of users) await host.apply(rules(user, "sudo.env"));
  for (const user of users) {
    expect(await host.apply(rules(user, `sudo-${user}.env`))).toMatchObject({
      code: 0,
      stderr: "",
    });
  }
  expect(readdirSync(host.at("/etc/tracks")).sort()).toEqual(users.map((u) => `sudo-${u}.env`));
  await host.removeResource("games");
  expect(readdirSync(host.at("/etc/tracks"))).toEqual(["sudo-daemon.env"]);
});

function deleteAccount(): void {
  for (const file of ["/etc/passwd", "/etc/group", "/etc/shadow"]) {
    host.write(file, host.read(file).replace(/^deployer:.*\n/gm, ""));
  }
  rmSync(host.at("/home/deployer"), { recursive: true });
}

/** Deletes our account, and makes another one of its name with this id. */
function replaceAccount(id: number): void {
  deleteAccount();
  host.write(
    "/etc/passwd",
    `${host.read("/etc/passwd")}deployer:x:${id}:60::/home/deployer:/bin/sh\n`,
  );
  host.write("/etc/shadow", `${host.read("/etc/shadow")}deployer:$6$theirs:19000::::::\n`);
}

test("adopts an account that somebody made after ours was deleted", async () => {
  await host.apply(account());
  await host.removeResource("deployer");
  replaceAccount(5);
  expect(await host.apply(account())).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/etc/passwd")).toMatch(/^deployer:x:5:.*:\/bin\/bash$/m);
  expect(await host.removeResource("deployer")).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/etc/passwd")).toMatch(/^deployer:x:5:.*:\/bin\/sh$/m);
  expect(shadow("deployer")).toBe("$6$theirs");
});

test("does not lock an account that somebody made in place of ours while it was deployed", async () => {
  await host.apply(account());
  replaceAccount(5);
  expect(await host.apply(account())).toMatchObject({ code: 0, stderr: "" });
  expect((await host.removeResource("deployer")).stdout).toContain(
    "note: user deployer stays as it is: the account has another user id than the one that this program created\n",
  );
  expect(shadow("deployer")).toBe("$6$theirs");
});

test("leaves an account that somebody made in place of ours the password that up gave it", async () => {
  await host.apply(account());
  await host.apply(password("ours"));
  replaceAccount(5);
  await host.apply(account());
  await host.apply(password("ours"), { repair: 1 });
  const given = shadow("deployer");
  expect(given).not.toBe("$6$theirs");
  expect((await host.removeResource("secret")).stdout).toContain(
    "note: password deployer stays as it is: the account has another user id than the one that this program created\n",
  );
  expect((await host.removeResource("deployer")).code).toBe(0);
  expect(shadow("deployer")).toBe(given);
});

test.each<[of: string, change: () => Promise<Run>, command: string]>([
  ["remove of a membership", () => host.removeResource("deployer"), "gpasswd"],
  ["change of a shell", () => host.apply(account("/bin/sh")), "usermod"],
])("recovers from a killed %s whose account somebody has deleted", async (_, change, command) => {
  host.write("/bin/sh", "", 0o755);
  await host.apply(account());
  host.calls();
  expect(await change()).toMatchObject({ code: 0, stderr: "" });
  const changed = host.calls().findIndex((line) => line.startsWith(command));
  expect(changed).toBeGreaterThanOrEqual(0);
  await host.apply(account());
  host.calls();
  host.killAt(changed + 2);
  expect((await change()).code).toBeUndefined();
  deleteAccount();
  const { code, stderr } = await host.run(["recover"]);
  expect([code, stderr]).toEqual([
    0,
    expect.stringMatching(
      /^(?:member deployer wheel|user deployer) does not exist on this host any more: nothing of it was undone$/m,
    ),
  ]);
  expect(host.read("/etc/passwd")).not.toMatch(/^deployer:/m);
});

test("knows an account as its own by the name alone where a former version noted no id", async () => {
  await host.apply(account());
  host.write("/var/lib/tracks/accounts", "deployer\n");
  expect((await host.removeResource("deployer")).stdout).toContain("its password is locked");
  await host.apply(account());
  expect((await host.removeResource("deployer")).stdout).toContain("its password is locked");
});

test("removes what belonged to an account that somebody has deleted with its home, with a note", async () => {
  await host.apply(account());
  await host.apply(password("ours"));
  const keys = manifest(
    "keys",
    "users",
    "directory /home/deployer/.ssh owner=root mode=0700",
    "file /home/deployer/.ssh/authorized_keys owner=root group=root mode=0600",
    "| ssh-ed25519 AAAA one@example.org",
  );
  expect((await host.apply(keys)).code).toBe(0);
  deleteAccount();
  expect(await host.removeResource("keys")).toMatchObject({ code: 0, stderr: "" });
  const removed = await host.removeResource("secret");
  expect(removed).toMatchObject({ code: 0, stderr: "" });
  expect(removed.stdout).toBe(
    "note: password deployer does not exist on this host any more: nothing of it was restored\nremoved secret: unchanged\n",
  );
  expect(await host.removeResource("deployer")).toMatchObject({ code: 0, stderr: "" });
  expect(readdirSync(host.at("/var/lib/tracks/kept"))).toEqual([]);
  expect(host.read("/var/lib/tracks/records")).toBe("# Nothing on this host is owned.\n");
});

test("recovers from a killed change of a password whose account somebody has deleted", async () => {
  await withPassword("$6$old");
  await host.apply(password("next"));
  const changed = host.calls().findIndex((command) => command.startsWith("chpasswd"));
  host.killAt(changed + 2);
  expect((await host.apply(password("last"))).code).toBeUndefined();
  deleteAccount();
  expect(await host.run(["recover"])).toMatchObject({
    code: 0,
    stderr: "password deployer does not exist on this host any more: nothing of it was undone\n",
  });
  expect(await host.removeResource("secret")).toMatchObject({ code: 0, stderr: "" });
  expect(readdirSync(host.at("/var/lib/tracks/kept"))).toEqual([]);
});
