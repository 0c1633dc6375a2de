import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { installPostgresql } from "./postgresqlHost";
import { manifest, type EnterpriseLinux, PrivateRoot } from "./privateRoot";

/** Checks what is on the disk when the power fails, and in which order it gets there. */
let host: PrivateRoot;
afterEach(() => {
  host.remove();
});

const motd = (content: string): string =>
  manifest("motd", "none", "file /etc/motd owner=root group=root mode=0644", `| ${content}`);

/** Notes at each sync what the private root holds by then. */
function lookAtEachSync(): void {
  host.write(
    "/at-sync",
    [
      "cd $TRACKS_ROOT",
      "say_if() { [[ -e $1 ]] && printf '%s ' \"$2\"; }",
      "{",
      "  printf '%s ' $(cat etc/motd)",
      "  grep -q . var/lib/tracks/stage/none/* 2>/dev/null && printf 'staged '",
      "  say_if var/lib/tracks/journal/none/outcome outcome",
      "  grep -qs motd var/lib/tracks/records && printf 'recorded '",
      "  ls var/lib/tracks/kept | grep -q motd && printf 'kept '",
      "  echo",
      "} >>seen",
      "",
    ].join("\n"),
  );
}

beforeEach(() => {
  host = new PrivateRoot();
});

test("a candidate is on the disk before it is swapped in, and what undoes it until the outcome is", async () => {
  host.write("/etc/motd", "before\n");
  lookAtEachSync();
  expect(await host.apply(motd("ours"))).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/seen").split("\n")).toEqual([
    "before staged ",
    "ours kept ",
    "ours outcome kept ",
    // The records before they are swapped in; the resource's state; and everything before the journal is removed.
    "ours outcome kept ",
    "ours outcome recorded kept ",
    "ours outcome recorded kept ",
    "",
  ]);
});

/**
 * Keeps on a disk of its own what was waited for of the journal, and has each of these commands strike a line
 * where a step that the journal names is not there yet.
 */
function watchJournal(...commands: string[]): void {
  host.write(
    "/at-sync",
    [
      "journal=$TRACKS_ROOT/var/lib/tracks/journal",
      "mkdir -p $TRACKS_ROOT/on-disk",
      'case "$*" in --*/steps | -f* | "") cp -a $journal/. $TRACKS_ROOT/on-disk ;; esac',
      'case $1 in --) printf "%s\\n" "${@:2}" >>$TRACKS_ROOT/synced ;; esac',
      "",
    ].join("\n"),
  );
  for (const command of commands) {
    host.write(
      `/counted/${command}`,
      [
        "#!/bin/bash",
        "steps=$TRACKS_ROOT/var/lib/tracks/journal/none/steps",
        "if [[ -s $steps ]] && ! cmp -s $steps $TRACKS_ROOT/on-disk/none/steps; then",
        `  echo "${command} $*" >>$TRACKS_ROOT/too-early`,
        "fi",
        'if [[ "${0##*/} $*" == *$(cat $TRACKS_ROOT/cut-after 2>/dev/null || echo never) ]]; then',
        '  PATH=${PATH#*:} "${0##*/}" "$@"',
        "  kill -KILL $(cat $TRACKS_ROOT/script-pid)",
        "  /bin/rm -r $TRACKS_ROOT/var/lib/tracks/journal $TRACKS_ROOT/cut-after",
        "  cp -a $TRACKS_ROOT/on-disk $TRACKS_ROOT/var/lib/tracks/journal",
        "  exit",
        "fi",
        'PATH=${PATH#*:} exec "${0##*/}" "$@"',
        "",
      ].join("\n"),
      0o755,
    );
  }
}

const everyKind = manifest(
  "motd",
  "none",
  "directory /srv/new owner=root group=root mode=0755",
  "directory /srv/there owner=root group=root mode=0700",
  "file /srv/new/file owner=root group=root mode=0644",
  "| ours",
  "file /etc/motd owner=root group=root mode=0644",
  "| ours",
  "symlink /srv/link -> new",
  "absent /srv/old",
  "selinux-boolean httpd_can_network_connect on",
  "service nginx",
);

function hostWithEveryKind(): void {
  host.write("/selinux", "Enforcing\n");
  host.write("/booleans/httpd_can_network_connect", "off\n");
  host.write("/etc/motd", "before\n");
  host.write("/srv/there/file", "");
  host.write("/srv/link/file", "by hand\n");
  host.write("/srv/old", "old\n");
}

test.each<EnterpriseLinux>([7, 9])(
  "what undoes a step is on the disk before the step is taken: %d",
  async (el) => {
    host.remove();
    host = new PrivateRoot({ el });
    hostWithEveryKind();
    watchJournal("mv", "ln", "rm", "rmdir", "chmod", "setsebool", "systemctl");
    expect(await host.apply(everyKind)).toMatchObject({ code: 0, stderr: "" });
    expect(await host.apply(motd("ours"))).toMatchObject({ code: 0, stderr: "" });
    expect(await host.removeResource("motd")).toMatchObject({ code: 0, stderr: "" });
    expect(host.exists("/too-early")).toBe(false);
  },
);

test.each(["mv -fT -- *motd", "mv -fT -- *link", "rm -f -- old", "setsebool *"])(
  "recover completely undoes a run after a power cut: %s",
  async (step) => {
    hostWithEveryKind();
    watchJournal("mv", "rm", "setsebool");
    host.write("/cut-after", step);
    expect((await host.apply(everyKind)).code).toBeUndefined();
    const recovered = await host.run(["recover"]);
    expect(recovered).toMatchObject({ code: 0, stderr: "" });
    expect(recovered.stdout).toContain("undid the interrupted run of tracks.dev/motd");
    expect(host.read("/etc/motd")).toBe("before\n");
    expect(host.read("/srv/link/file")).toBe("by hand\n");
    expect(host.read("/srv/old")).toBe("old\n");
    expect(host.exists("/srv/new")).toBe(false);
    expect(host.ownership("/srv/there")).toBe("root root 755");
    expect(host.read("/booleans/httpd_can_network_connect")).toBe("off\n");
  },
);

/** Records each file that replaces another one before it is on the disk. */
function watchFiles(): void {
  watchJournal();
  host.write(
    "/counted/mv",
    [
      "#!/bin/bash",
      'case "$3" in',
      "  */records.new | */resources/*.new | */kept/*.new | */foreign | *.tracks)",
      '    grep -qxF "$3" $TRACKS_ROOT/synced || echo "$*" >>$TRACKS_ROOT/too-early',
      "    ;;",
      "esac",
      'exec /bin/mv "$@"',
      "",
    ].join("\n"),
    0o755,
  );
}

test("a new state is on the disk before it replaces the former one", async () => {
  watchFiles();
  expect(await host.apply(motd("ours"))).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/synced")).toMatch(/\/records\.new$/m);
  expect(host.read("/synced")).toMatch(/\/motd\/facts\.new$/m);
  expect(host.exists("/too-early")).toBe(false);
});

test.each<EnterpriseLinux>([7, 9])(
  "an edited file of somebody else is on the disk before it is swapped in, and so is a copy of the former one: %d",
  async (el) => {
    host.remove();
    host = new PrivateRoot({ el });
    watchFiles();
    host.write("/etc/yum.conf", "[main]\nkeepcache=0\n");
    const proxy = "setting /etc/yum.conf section=main key=proxy";
    expect(await host.apply(manifest("p", "none", proxy, "| http://proxy:3128"))).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect(host.read("/etc/yum.conf")).toContain("proxy=http://proxy:3128\n");
    expect(host.read("/synced")).toMatch(/\/foreign$/m);
    expect(host.read("/synced")).toMatch(/\/kept\/yum\.conf-.*\.new$/m);
    expect(host.exists("/too-early")).toBe(false);
  },
);

test("an outcome that a power cut left empty does not finish the run: it is undone", async () => {
  host.write("/etc/motd", "before\n");
  watchJournal("mv");
  host.write("/cut-after", "mv -f -- *outcome");
  expect((await host.apply(motd("ours"))).code).toBeUndefined();
  host.write("/var/lib/tracks/journal/none/outcome", "");
  expect((await host.run(["recover"])).stdout).toContain("undid the interrupted run");
  expect(host.read("/etc/motd")).toBe("before\n");
});

test("refuses lost records with a fix, which works; accepts records without entries", async () => {
  const packages = manifest("packages", "packages", "package nginx");
  host.write("/var/lib/tracks/records", "");
  chmodSync(host.at("/var/lib/tracks"), 0o700);
  for (let time = 0; time < 2; time++) {
    expect(await host.apply(packages)).toMatchObject({ code: 0, stderr: "" });
  }
  expect(await host.apply(motd("ours"))).toMatchObject({ code: 0, stderr: "" });

  host.write("/var/lib/tracks/records", "");
  for (const run of [await host.run(["probe"]), await host.apply(motd("other"))]) {
    expect(run.code).toBe(1);
    expect(run.reason).toMatch(
      /\/records is empty, but tracks\.dev\/motd has files or settings on this host/,
    );
  }
  expect(host.read("/etc/motd")).toBe("ours\n");
  const way = /\((rm \S+)\)/.exec((await host.removeResource("motd")).reason)?.[1] ?? "false";
  execaSync("/bin/sh", ["-c", way]);
  expect(await host.apply(motd("other"))).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/etc/motd")).toBe("other\n");
});

test("what somebody creates or removes during a flush is neither lost nor restored", async () => {
  host.write("/etc/motd", "before\n");
  host.write(
    "/at-sync",
    "cd $TRACKS_ROOT; [[ -e moved ]] || { touch moved; rm etc/motd; echo theirs >etc/issue; }\n",
  );
  const both = (...more: string[]) =>
    manifest(
      "both",
      "none",
      ...["motd", "issue"].flatMap((name) => [
        `file /etc/${name} owner=root group=root mode=0644`,
        "| ours",
      ]),
      ...more,
    );
  const failed = await host.apply(both("service missing"));
  expect(failed.reason).toContain("this run's changes were undone");
  expect(host.exists("/etc/motd")).toBe(false);
  expect(host.read("/etc/issue")).toBe("theirs\n");

  for (const name of ["/moved", "/etc/issue"]) rmSync(host.at(name));
  host.write("/etc/motd", "before\n");
  const { code, stdout } = await host.apply(both());
  expect(code).toBe(0);
  const kept = /^kept \/etc\/issue as it was edited by hand: (.*)$/m.exec(stdout)?.[1] ?? "";
  expect(host.read(kept.replace(host.root, ""))).toBe("theirs\n");
});

test("a run without changes does not wait for the disk", async () => {
  await host.apply(motd("ours"));
  host.calls();
  expect((await host.apply(motd("ours"))).stdout).toBe("applied motd: unchanged\n");
  expect(host.calls().filter((call) => call.startsWith("sync"))).toEqual([]);
});

test("a run that changes only its state waits for the disk too", async () => {
  await host.apply(motd("ours"));
  host.calls();
  const more = motd("ours").replace("end\n", "absent /etc/nothing\nend\n");
  expect((await host.apply(more)).stdout).toBe("applied motd: unchanged\n");
  expect(host.calls().filter((call) => call.startsWith("sync -f"))).not.toEqual([]);
});

test.each<EnterpriseLinux>([6, 7])("on Enterprise Linux %d all disks are flushed", async (el) => {
  host.remove();
  host = new PrivateRoot({ el });
  expect(await host.apply(motd("ours"))).toMatchObject({ code: 0, stderr: "" });
  expect(host.calls()).toContain("sync ");
});

test("does not take records without entries for lost ones, even while facts of others are still there", async () => {
  expect((await host.apply(motd("ours"))).code).toBe(0);
  const facts = "/var/lib/tracks/resources/tracks.dev/motd/facts";
  const kept = host.read(facts);
  expect((await host.removeResource("motd")).code).toBe(0);
  // As a run finds it that begins before the other's facts are gone.
  host.write("/var/lib/tracks/resources/tracks.other/motd/facts", kept, 0o600);
  expect(await host.apply(manifest("packages", "packages", "package nginx"))).toMatchObject({
    code: 0,
    stderr: "",
  });
});

/** Has a command that changes a password note first which names of kept files are on the disk. */
function lookAtKeptBefore(command: string, words = "*"): void {
  host.write(
    "/at-sync",
    'case ${1-} in -f | "") ls $TRACKS_ROOT/var/lib/tracks/kept >$TRACKS_ROOT/on-disk ;; esac\n',
  );
  host.write("/on-disk", "");
  const path = command === "psql" ? "/usr/bin/psql" : `/counted/${command}`;
  rmSync(host.at(path), { force: true });
  host.write(
    path,
    [
      "#!/bin/bash",
      `case "$*" in ${words}) cp $TRACKS_ROOT/on-disk $TRACKS_ROOT/at-change ;; esac`,
      `exec ${join(__dirname, "commands", command)} "$@"`,
      "",
    ].join("\n"),
    0o755,
  );
}

test("a former hash is on the disk with its name before a password is set or restored", async () => {
  const password = (value: string): string =>
    manifest("secret", "users", "password games", `| ${value}`);
  host.write("/etc/shadow", host.read("/etc/shadow").replace("games:*", "games:$6$former"));
  lookAtKeptBefore("chpasswd");
  expect((await host.apply(password("ours"))).code).toBe(0);
  expect(host.read("/at-change")).toMatch(/^shadow-games-[0-9a-f]{64}\n$/);
  expect((await host.removeResource("secret")).code).toBe(0);
  expect(host.read("/at-change")).toMatch(/^(shadow-games-[0-9a-f]{64}\n){2}$/);
});

test("a role's former verifier is on the disk with its name before its password is set", async () => {
  installPostgresql(host);
  const server =
    "postgresql-server 15 service=postgresql binaries=auto data=auto port=5432 encryption=scram-sha-256";
  const roles = (value: string): string =>
    manifest(
      "roles",
      "postgresql",
      server,
      "postgresql-access deployer databases=tracks",
      "postgresql-role deployer createdb=no createrole=no",
      `| ${value}`,
    );
  expect(await host.apply(roles("one"))).toMatchObject({ code: 0, stderr: "" });
  lookAtKeptBefore("psql", "*password*");
  expect(await host.apply(roles("two"))).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/at-change")).toMatch(/^verifier-deployer-[0-9a-f]{64}$/m);
});
