import { createHash } from "node:crypto";
import { chmodSync, rmSync, symlinkSync } from "node:fs";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hostScriptDigest } from "../../host/script/hostScript";
import { manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

const resource = manifest(
  "robots",
  "none",
  "directory /srv owner=root group=root mode=0755",
  "file /srv/robots.txt owner=root group=games mode=0644",
  "| User-agent: *",
  "symlink /srv/link -> robots.txt",
  "absent /srv/gone",
  "package nginx nginx-core",
  "service uwsgi",
);

test("says ok, the manifest, the login and the number of repairs", async () => {
  host.write("/services/uwsgi/unit", "");
  await host.apply(resource, { repair: 3 });
  const run = await host.run(["probe"]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout.split("\n")).toEqual([
    "ok robots",
    "manifest robots",
    ...resource
      .trimEnd()
      .split("\n")
      .filter((line) => !line.startsWith("via "))
      .map((line) => ` ${line}`),
    "via robots root key SHA256:abc",
    "repair robots 3",
    expect.stringMatching(/^changed robots \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/),
    "",
  ]);
});

test("tells a changed secret from an unchanged one by a time, without the secret", async () => {
  const withSecret = (secret: string) =>
    manifest(
      "settings",
      "none",
      "directory /srv owner=root group=root mode=0755",
      "file /srv/secret owner=root group=root mode=0600 secret=yes",
      `| ${secret}`,
    );
  const applied = async (text: string): Promise<string> => {
    expect((await host.apply(text)).code).toBe(0);
    const { stdout } = await host.run(["probe"]);
    expect(stdout).not.toContain("horse");
    expect(stdout).toContain("\n | [secret]\n");
    return /^changed settings .*$/m.exec(stdout)?.[0] ?? "";
  };
  const first = await applied(withSecret("correct horse"));
  // An up without a change, by another login too, and a repair.
  expect(await applied(withSecret("correct horse"))).toBe(first);
  expect(await applied(withSecret("correct horse").replace(/^via .*$/m, "via root agent"))).toBe(
    first,
  );
  rmSync(host.at("/srv/secret"));
  expect(await applied(withSecret("correct horse"))).toBe(first);
  const second = await applied(withSecret("another horse"));
  const third = await applied(withSecret("correct horse"));
  expect(new Set([first, second, third]).size).toBe(3);
  expect(first).toMatch(/^changed settings \S+$/);
});

test("keeps the number of repairs when none is given", async () => {
  host.write("/services/uwsgi/unit", "");
  await host.apply(resource, { repair: 3 });
  await host.apply(resource);
  expect((await host.run(["probe"])).stdout).toContain("\nrepair robots 3\n");
});

test("names what differs apart from how it differs, a line each", async () => {
  host.write("/services/uwsgi/unit", "");
  const drift = async (change: () => void, ...expected: string[]): Promise<void> => {
    await host.apply(resource);
    change();
    const { stdout } = await host.run(["probe"]);
    expect(stdout.split("\nmanifest robots\n")[0]).toBe(
      expected.map((line) => `drift robots\t${line}`).join("\n"),
    );
  };
  await drift(() => {
    host.write("/srv/robots.txt", "User-agent: x\n");
  }, "/srv/robots.txt\tcontent differs");
  await drift(() => {
    rmSync(host.at("/srv/robots.txt"));
  }, "/srv/robots.txt\tis missing");
  await drift(() => {
    rmSync(host.at("/srv/link"));
    symlinkSync("elsewhere", host.at("/srv/link"));
  }, "/srv/link\tpoints to elsewhere");
  await drift(() => {
    host.write("/srv/gone", "");
  }, "/srv/gone\tthere is a file, which must not be there");
  await drift(() => {
    rmSync(host.at("/services/uwsgi/running"));
  }, 'service uwsgi\tis "enabled stopped", not "enabled running"');
  await drift(
    () => {
      host.write("/srv/robots.txt", "User-agent: *\n", 0o666);
      rmSync(host.at("/srv/link"));
    },
    "/srv/robots.txt\tmode is 0666, not 0644",
    "/srv/link\tis missing",
  );
  await drift(() => {
    host.write("/rpmdb", "");
  }, "package nginx or nginx-core\tis not installed");
});

test("says of a setting that it was changed, and not how: it may have a password", async () => {
  const proxy = ["setting /etc/yum.conf section=main key=proxy", "| http://proxy:3128"];
  host.write("/etc/yum.conf", "[main]\ngpgcheck=1\n");
  expect((await host.apply(manifest("packages", "packages", ...proxy))).code).toBe(0);
  host.write("/etc/yum.conf", "[main]\nproxy=http://owl:feather@proxy:3128\n");
  const { stdout } = await host.run(["probe"]);
  expect(stdout).toMatch(/^drift packages\tsetting \/etc\/yum\.conf main proxy\twas changed\n/);
  expect(stdout).not.toContain("feather");
});

test("names the owner of each path that differs, as data", async () => {
  host.write("/services/uwsgi/unit", "");
  await host.apply(resource);
  execaSync("chown", ["daemon", host.at("/srv/robots.txt")]);
  expect((await host.run(["probe"])).stdout).toMatch(/^fact owner\/srv\/robots\.txt daemon$/m);
  rmSync(host.at("/srv/robots.txt"));
  expect((await host.run(["probe"])).stdout).toMatch(/^fact owner\/srv\/robots\.txt absent$/m);
});

test("only reads, and only its own scope", async () => {
  host.write("/services/uwsgi/unit", "");
  host.installScript("tracks.production");
  await host.apply(resource);
  expect((await host.run(["probe"], { scope: "tracks.production" })).stdout).toBe("");
  const fresh = new PrivateRoot();
  expect((await fresh.run(["probe"])).stdout).toBe("");
  expect(fresh.exists("/var/lib/tracks")).toBe(false);
  fresh.remove();
});

test("an interrupted run is drift of the resource itself, so that the next up fixes it", async () => {
  host.write("/services/uwsgi/unit", "");
  await host.apply(resource);
  host.countPlainCommands();
  host.killAt(20);
  await host.apply(resource.replace("| User-agent: *", "| User-agent: x"));
  expect((await host.run(["probe"])).stdout).toContain(
    "drift robots\t\tits last run was interrupted\n",
  );
});

test("needs no more commands for fifteen resources than for one", async () => {
  const asked = async (): Promise<string[]> => {
    host.calls();
    await host.run(["probe"]);
    return host.calls();
  };
  const apply = (index: number) =>
    host.apply(
      manifest(
        `r${index}`,
        "none",
        `directory /srv owner=root group=root mode=0755`,
        ...[1, 2, 3, 4].flatMap((file) => [
          `file /srv/${index}-${file} owner=root group=root mode=0644`,
          "| x",
        ]),
        "package nginx",
      ),
    );
  await apply(0);
  const one = await asked();
  expect(one.length).toBeGreaterThan(0);
  for (let index = 1; index < 15; index++) await apply(index);
  expect((await asked()).length).toBe(one.length);
  expect((await host.run(["probe"])).stdout.match(/^ok /gm)).toHaveLength(15);
}, 180_000);

test("version prints the digest of the script", async () => {
  expect((await host.run(["version"])).stdout).toBe(`script ${hostScriptDigest()}\nmanifest 1\n`);
});

test("survey: prints facts and conflicts, changes nothing, before anything is installed", async () => {
  host.write("/etc/passwd", `${host.read("/etc/passwd")}deployer:x:700:0::/srv/deployer:/bin/sh\n`);
  host.write(
    "/etc/nginx/conf.d/other.conf",
    "server {\n  listen 80 default_server;\n  server_name tracks.example.org;\n}\n",
  );
  const run = await host.run([
    "--scope",
    "tracks.dev",
    "survey",
    "user=deployer",
    "listen=80",
    "server=tracks.example.org",
    "path=/etc/nginx/conf.d/other.conf",
    "path=/etc/nginx/none",
  ]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  for (const line of [
    "fact os-id rocky",
    "fact os-version 9.4",
    "fact os-name Rocky Linux 9.4",
    "fact package-manager dnf",
    "fact init systemd",
    "fact selinux disabled",
    "fact firewalld stopped",
    "fact nginx 1.20.1",
    "fact nginx-conf foreign",
    "conflict\tnginx-conf\t/etc/nginx/nginx.conf\n",
    "conflict\tuser\tdeployer\t700\thome=/srv/deployer shell=/bin/sh",
    "conflict\tdefault-server\t80\t/etc/nginx/conf.d/other.conf\tlisten 80 default_server;\n",
    "conflict\tserver-name\ttracks.example.org\t/etc/nginx/conf.d/other.conf\n",
    "conflict\tfile\t/etc/nginx/conf.d/other.conf\n",
  ]) {
    expect(run.stdout).toContain(line);
  }
  expect(host.exists("/var/lib/tracks")).toBe(false);
});

test("survey: tells which script the last up has installed, whichever answers", async () => {
  const installed = async () => {
    const { stdout } = await host.run(["--scope", "tracks.other", "survey"]);
    return /^fact installed-script (.*)$/m.exec(stdout)?.[1];
  };
  expect(await installed()).toBe("absent");
  host.write("/usr/local/libexec/tracks/tracks.other", "another version\n", 0o755);
  expect(await installed()).toBe(createHash("sha256").update("another version\n").digest("hex"));
});

test("survey: Enterprise Linux 6, SysV, and the package's own nginx.conf", async () => {
  rmSync(host.at("/etc/os-release"));
  rmSync(host.at("/run/systemd"), { recursive: true });
  host.write("/etc/redhat-release", "CentOS release 6.10 (Final)\n");
  host.write("/rpm-files", "/etc/nginx/nginx.conf\n");
  const { stdout } = await host.run(["survey"]);
  expect(stdout).toContain(
    "fact os-id centos\nfact os-version 6.10\nfact os-name CentOS release 6.10 (Final)\n",
  );
  expect(stdout).toContain("fact init sysv\n");
  expect(stdout).toContain("fact nginx-conf vendor\n");
  expect(stdout).not.toContain("conflict");
});

test("says what is allowed in place of a wrong verb, scope or option", async () => {
  expect((await host.run(["aply", "x"])).reason).toContain(
    "must be apply NAME, remove NAME, probe, survey",
  );
  expect((await host.run(["--scope", "a b", "probe"])).reason).toContain("must be PROJECT.STACK");
  expect((await host.run(["survey", "colour=red"])).reason).toContain('not "colour=red"');
  expect((await host.run(["apply", "x", "--repair", "often"], { input: "" })).reason).toContain(
    "usage: apply NAME",
  );
});

test("probe and survey change nothing, even after an interrupted run and with files in the spool", async () => {
  host.write("/services/uwsgi/unit", "");
  await host.apply(resource);
  host.write("/var/lib/tracks/journal/none/resource", "tracks.dev/robots\n");
  host.write("/var/lib/tracks/journal/none/steps", "");
  host.write("/root/.tracks/tracks.dev/.made-first", "");
  host.write("/root/.tracks/tracks.dev/app-archive", "content");
  chmodSync(host.at("/root/.tracks/tracks.dev"), 0o700);
  const everything = () => {
    host.calls();
    const command = ["find", host.root, "-printf", "%p %m %u %s %i %T@ %C@\\n"];
    const list = execaSync("/usr/bin/env", command).stdout.split("\n");
    // Less what the test itself writes, and where a run of its own has bash's here-strings for a moment.
    const own = [`${host.root} `, `${host.at("/script-pid")} `, `${host.at("/run/tracks")} `];
    return list.filter((line) => !own.some((path) => line.startsWith(path))).sort();
  };
  const before = everything();
  const probe = await host.run(["probe"]);
  expect(probe.stdout).toContain("its last run was interrupted");
  const survey = await host.run(["survey", "login=root", "user=games", "path=/srv/robots.txt"]);
  expect(survey.stdout).toContain("fact spool ready first\nfact spool/app-archive 7\n");
  expect(everything()).toEqual(before);
});
