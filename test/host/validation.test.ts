import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
beforeAll(() => {
  // The real ones: what they refuse is what is tested here.
  for (const [command, packageName] of [
    ["logrotate", "logrotate"],
    ["visudo", "sudo"],
  ] as const) {
    if (execaSync(command, ["--version"], { reject: false }).code === "ENOENT") {
      throw new Error(`${command} is missing: install it (apt-get install ${packageName})`);
    }
  }
});
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

const rotation = (file: string, ...lines: string[]): string =>
  manifest(
    "rotation",
    "logrotate",
    `file /etc/logrotate.d/${file} owner=root group=root mode=0644`,
    ...lines.map((line) => `| ${line}`),
  );

test("logrotate: replaces the package's file and restores it; keeps nothing among the includes", async () => {
  host.write("/etc/logrotate.d/nginx", "/var/log/nginx/*.log {\n  weekly\n  missingok\n}\n");
  const run = await host.apply(
    rotation("nginx", "/var/log/nginx/*.log {", "  daily", "  missingok", "}"),
  );
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(readdirSync(host.at("/etc/logrotate.d"))).toEqual(["nginx"]);
  await host.removeResource("rotation");
  expect(host.read("/etc/logrotate.d/nginx")).toContain("weekly");
});

test("logrotate: refuses a log that another file rotates already, each time", async () => {
  const log = host.at("/var/log/nginx/error.log");
  host.write("/var/log/nginx/error.log", "x");
  host.write("/etc/logrotate.d/nginx", `${log} {\n  weekly\n}\n`);
  for (let attempt = 0; attempt < 2; attempt++) {
    const run = await host.apply(rotation("tracks", `${log} {`, "  daily", "}"));
    expect(run.code).toBe(1);
    expect(run.reason).toContain("logrotate refuses the new configuration");
    expect(run.reason).toContain(`duplicate log entry for ${log}`);
    expect(host.exists("/etc/logrotate.d/tracks")).toBe(false);
  }
});

test("logrotate: says each error on a line of its own", async () => {
  const logs = ["access", "error"].map((name) => host.at(`/var/log/nginx/${name}.log`));
  for (const log of logs) host.write(log.slice(host.root.length), "x");
  host.write("/etc/logrotate.d/nginx", `${logs.join(" ")} {\n  weekly\n}\n`);
  const run = await host.apply(rotation("tracks", `${logs.join(" ")} {`, "  daily", "}"));
  expect(run.stderr).toMatch(
    /^\S+ duplicate log entry for \S+error\.log \(.*\)\nlogrotate refuses the new configuration: \S+ duplicate log entry for \S+access\.log \(/m,
  );
});

test.each([
  ["aaa", "by its pattern", "/var/log/*.log"],
  ["zzz", "by its name, quoted", '"/var/log/uwsgi.log"'],
])("logrotate: names the other file that has the log: %s, %s", async (other, _, pattern) => {
  const log = host.at("/var/log/uwsgi.log");
  host.write("/var/log/uwsgi.log", "x");
  const theirs = pattern.replace("/var", host.at("/var"));
  const script = `postrotate\n    touch ${log}\n  endscript`;
  host.write(`/etc/logrotate.d/${other}`, `${theirs} {\n  weekly\n}\n`);
  host.write("/etc/logrotate.d/innocent", `/var/log/x {\n  missingok\n  ${script}\n}\n`);
  const { reason } = await host.apply(rotation("uwsgi", `${log} {`, "  daily", "}"));
  expect(reason).toContain(`duplicate log entry for ${log} (it is named in /etc/logrotate.d/`);
  const files = ["uwsgi", other].sort().map((name) => `/etc/logrotate.d/${name}`);
  expect(reason).toContain(`named in ${files.join(" and ")}: remove it from one of them)`);
});

test("logrotate: refuses an unknown word; only notes an error in somebody else's file", async () => {
  host.write("/etc/logrotate.d/theirs", "/var/log/theirs {\n  no_such_word\n}\n");
  const good = await host.apply(
    rotation("tracks", "/var/log/x.log {", "  daily", "  missingok", "}"),
  );
  expect(good.code).toBe(0);
  expect(good.stdout).toContain("logrotate reports errors in files of this host that are not ours");
  const bad = await host.apply(rotation("tracks", "/var/log/x.log {", "  dayly", "}"));
  expect(bad.code).toBe(1);
  expect(bad.reason).toContain("dayly");
  expect(bad.reason).not.toContain("no_such_word");
});

const dropIns = "/etc/systemd/system/logrotate.service.d";
const sandboxed = (unit = "logrotate.service"): string =>
  manifest(
    "rotation",
    "logrotate",
    `directory ${dropIns} owner=root group=root mode=0755 unit=${unit}`,
    `file ${dropIns}/tracks-nginx.conf owner=root group=root mode=0644 unit=${unit}`,
    "| [Service]",
    "| ReadWritePaths=-/etc/nginx/logs/nginx/log",
  );

test("logrotate: lets its sandboxed service write to our log directories, only there, and until remove", async () => {
  host.write("/etc/systemd/system/keep", "");
  expect(await host.apply(sandboxed())).toMatchObject({
    code: 0,
    stdout: "applied rotation: unchanged\n",
  });
  expect(host.exists(dropIns)).toBe(false);

  host.write("/usr/lib/systemd/system/logrotate.service", "[Service]\nProtectSystem=full\n");
  host.calls();
  expect(await host.apply(sandboxed())).toMatchObject({ code: 0, stderr: "" });
  expect(host.read(`${dropIns}/tracks-nginx.conf`)).toContain("ReadWritePaths=-/etc/nginx/logs");
  expect(host.calls()).toContain("systemctl daemon-reload");
  host.write(`${dropIns}/tracks-nginx.conf`, "");
  expect((await host.run(["probe"])).stdout).toMatch(
    /^drift rotation\t.*tracks-nginx.conf\tcontent differs/,
  );

  expect(await host.apply(sandboxed("none-such.service"))).toMatchObject({ code: 0, stderr: "" });
  expect(host.exists(dropIns)).toBe(false);
  expect((await host.apply(sandboxed("logrotate"))).reason).toContain(
    "unit=logrotate: must be the full name of a systemd unit",
  );
});

const sudoers = (line: string, mode = "0440", file = "tracks-deployer"): string =>
  manifest(
    "sudo",
    "users",
    `file /etc/sudoers.d/${file} owner=root group=root mode=${mode} check=sudoers`,
    `| ${line}`,
  );

test("sudoers: never installs a file that visudo refuses; refuses a mode or name that sudo ignores", async () => {
  const rule = "games ALL=(root) NOPASSWD: /sbin/service nginx reload";
  expect((await host.apply(sudoers(rule))).code).toBe(0);
  expect(host.ownership("/etc/sudoers.d/tracks-deployer")).toBe("root root 440");
  const broken = await host.apply(sudoers("games ALL=(root NOPASSWD /sbin/service"));
  expect(broken.code).toBe(1);
  expect(broken.reason).toContain("visudo refuses /etc/sudoers.d/tracks-deployer");
  expect(host.read("/etc/sudoers.d/tracks-deployer")).toBe(`${rule}\n`);
  expect((await host.apply(sudoers(rule, "0644"))).reason).toContain("only files of mode 0440");
  expect((await host.apply(sudoers(rule, "0440", "tracks.d"))).reason).toContain(
    "ignores files with a dot",
  );
});

describe("sudoers that have no effect", () => {
  const rule = "games ALL=(root) NOPASSWD: /sbin/service nginx reload";

  test.each([
    ["no directory is included", "root ALL=(ALL) ALL\n"],
    [
      "another rule is listed alone",
      "games ALL=(root) NOPASSWD: /sbin/service nginx reload-or-restart\n",
    ],
  ])("fail, with what includes them: %s", async (_, text) => {
    host.write("/etc/sudoers", text);
    const run = await host.apply(sudoers(rule));
    expect(run.code).toBe(1);
    expect(run.reason).toContain(
      '/etc/sudoers.d/tracks-deployer has no effect: "sudo -l -U games" does not list "/sbin/service nginx reload". Add the line "#includedir /etc/sudoers.d" to the end of /etc/sudoers (with visudo)',
    );
    expect(host.exists("/etc/sudoers.d/tracks-deployer")).toBe(false);
  });

  test("are only noted where sudo does not answer without a terminal", async () => {
    host.write("/el", "6\n");
    host.write("/etc/sudoers", "Defaults requiretty\n#includedir /etc/sudoers.d\n");
    const run = await host.apply(sudoers(rule));
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toContain(
      "note: can't check with sudo whether /etc/sudoers.d/tracks-deployer",
    );
  });
});

test("shows a secret in no output, argument or record, nor in a file that others can read", async () => {
  host.write(
    "/etc/passwd",
    `${host.read("/etc/passwd")}deployer:x:700:700::/home/deployer:/bin/sh\n`,
  );
  host.write("/etc/shadow", `${host.read("/etc/shadow")}deployer:$6$old:19000::::::\n`, 0o600);
  const secrets = ["hunter2-password", "file-content-secret"];
  const text = (mode: string): string =>
    manifest(
      "secret",
      "users",
      "password deployer",
      `| ${secrets[0] ?? ""}`,
      `file /etc/app.secret owner=root group=games mode=${mode} secret=yes`,
      `| ${secrets[1] ?? ""}`,
    );
  const said: string[] = [];
  for (const run of [
    await host.apply(text("0640")),
    await host.apply(text("0600")),
    await host.run(["probe"]),
    await host.apply(text("0600").replace("end\n", "frobnicate\nend\n")),
    await host.apply(text("0600").replace("mode=0600", "mode=0600 context=x/y")),
  ]) {
    said.push(run.stdout, run.stderr);
  }
  said.push(...host.calls());
  for (const secret of secrets) expect(said.join("\n")).not.toContain(secret);
  expect(said.join("\n")).toContain(" | [secret]");
  expect(host.ownership("/etc/app.secret")).toBe("root games 600");

  const holders = readdirSync(host.root, { recursive: true })
    .map((name) => join(host.root, String(name)))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
    .filter((path) => secrets.some((secret) => readFileSync(path, "utf8").includes(secret)));
  expect(holders).toEqual([host.at("/etc/app.secret")]);
  expect(execaSync("find", [host.at("/var/lib/tracks"), "-perm", "/077"]).stdout).toBe("");
});
