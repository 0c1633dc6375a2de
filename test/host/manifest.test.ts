import { afterEach, beforeEach, expect, test } from "vitest";
import { manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

const file = (path: string, ...content: string[]): string[] => [
  `file ${path} owner=root group=root mode=0644`,
  ...content.map((line) => (line === "" ? "|" : `| ${line}`)),
];

test("reports all errors at once, with their lines, and changes nothing", async () => {
  const run = await host.apply(
    manifest(
      "faulty",
      "none",
      "file relative/path owner=root group=root mode=0644",
      "file /etc/a group=root mode=644",
      "| content",
      "directory /etc/x/../y owner=root group=root mode=0755",
      "symlink /etc/link target",
      "frobnicate /etc/z",
      "| content of nothing",
      "selinux-boolean b maybe",
      "firewall-port tcp 70000",
      ...file("/etc/b", "@@NO_SUCH_FACT@@"),
      ...file("/etc/b"),
      "setting /etc/yum.conf section=main key=proxy",
    ),
  );
  expect(run.code).toBe(1);
  const lines = run.stderr.trimEnd().split("\n");
  expect(lines.slice(0, -1).map((line) => /^line \d+/.exec(line)?.[0])).toEqual([
    "line 5",
    "line 6",
    "line 6",
    "line 8",
    "line 9",
    "line 10",
    "line 11",
    "line 12",
    "line 13",
    "line 15",
    "line 16",
    "line 17",
  ]);
  expect(run.reason).toContain("the manifest of faulty has 12 error(s)");
  expect(run.reason).toContain("nothing was touched");
  expect(host.exists("/etc/b")).toBe(false);
});

test("refuses an incomplete manifest", async () => {
  const whole = manifest("cut", "none", ...file("/etc/a", "one", "two"));
  const run = await host.apply(whole.slice(0, whole.indexOf("| two")));
  expect(run.code).toBe(1);
  expect(run.reason).toContain('the last line is not "end"');
  expect(host.exists("/etc/a")).toBe(false);
});

test("drops a password for sudo before the manifest, without showing it", async () => {
  const run = await host.run(["apply", "one"], {
    input: `the sudo password\n${manifest("one", "none", ...file("/etc/a", "x"))}`,
  });
  expect(run.code).toBe(0);
  expect(run.stdout + run.stderr).not.toContain("sudo password");
});

test("checks name and version, and refuses empty input", async () => {
  const text = manifest("one", "none", ...file("/etc/a", "x"));
  expect((await host.run(["apply", "two"], { input: text })).reason).toContain(
    'it is the manifest of "one", not of "two"',
  );
  const newer = await host.apply(text.replace("tracks-manifest 1", "tracks-manifest 2"));
  expect(newer.reason).toContain("install the script again");
  expect((await host.run(["apply", "one"], { input: "" })).reason).toContain(
    "no manifest on stdin",
  );
});

test("never shows a line that lost its bar, which may be a secret", async () => {
  const run = await host.apply(manifest("p", "users", "password games", "hunter2 and more"));
  expect(run.code).toBe(1);
  expect(run.stdout + run.stderr).not.toContain("hunter2");
});

test("keeps content unchanged: blanks, bars, backslashes, dollars, no final newline", async () => {
  const text = manifest(
    "one",
    "none",
    ...file(
      "/etc/a",
      "  two blanks",
      "\ttab",
      "",
      "| bar",
      "$HOME `id` $(id)",
      "back\\slash %s",
      "end",
    ),
    "file /etc/open owner=root group=root mode=0600 eol=no",
    "| no newline",
    "file /etc/empty owner=root group=root mode=0644",
  );
  expect((await host.apply(text)).code).toBe(0);
  expect(host.read("/etc/a")).toBe(
    "  two blanks\n\ttab\n\n| bar\n$HOME `id` $(id)\nback\\slash %s\nend\n",
  );
  expect(host.read("/etc/open")).toBe("no newline");
  expect(host.read("/etc/empty")).toBe("");
});

test("fills in placeholders with facts of the host", async () => {
  host.write("/etc/systemd/system/nginx.service", "[Service]\nPIDFile=/run/nginx/nginx.pid\n");
  host.write("/usr/share/nginx/modules/mod.conf", "");
  const text = manifest(
    "one",
    "none",
    ...file("/etc/a", "@@NGINX_PID@@ @@NGINX_MODULES@@ @@NGINX_MIME_TYPES@@ @@YUM_CONF@@"),
  );
  expect((await host.apply(text)).code).toBe(0);
  expect(host.read("/etc/a")).toBe(
    "/run/nginx/nginx.pid include /usr/share/nginx/modules/*.conf; mime.types /etc/yum.conf\n",
  );
});

test("uses the pid file of a drop-in of nginx's unit rather than the unit's", async () => {
  host.write("/usr/lib/systemd/system/nginx.service", "[Service]\nPIDFile=/run/nginx.pid\n");
  host.write(
    "/etc/systemd/system/nginx.service.d/pid.conf",
    "[Service]\nPIDFile=/var/run/nginx/nginx.pid\n",
  );
  await host.apply(manifest("one", "none", ...file("/etc/a", "@@NGINX_PID@@")));
  expect(host.read("/etc/a")).toBe("/var/run/nginx/nginx.pid\n");
});

test("expands the variables of a SysV script in its pid file", async () => {
  host.write("/etc/init.d/nginx", 'prog="nginx"\npidfile="/var/run/${prog}/${prog}.pid"\n', 0o755);
  await host.apply(manifest("one", "none", ...file("/etc/a", "@@NGINX_PID@@")));
  expect(host.read("/etc/a")).toBe("/var/run/nginx/nginx.pid\n");
});

test("names an unknown owner and a missing directory before anything changes", async () => {
  const owner = await host.apply(
    manifest(
      "one",
      "none",
      ...file("/etc/first", "x"),
      "directory /etc/d owner=nobody-here group=root mode=0755",
    ),
  );
  expect(owner.reason).toContain("there is no user nobody-here on this host");
  const parent = await host.apply(
    manifest("one", "none", ...file("/etc/first", "x"), ...file("/no/such/place", "x")),
  );
  expect(parent.reason).toContain("its directory /no/such does not exist: add a directory entry");
  expect(host.exists("/etc/first")).toBe(false);
});
