import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { execaSync } from "execa";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { type EnterpriseLinux, manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
beforeEach(() => {
  host = enforcing();
});
afterEach(() => {
  host.remove();
});

function enforcing(el: EnterpriseLinux = 9): PrivateRoot {
  const root = new PrivateRoot({ el });
  root.write("/selinux", "Enforcing\n");
  root.write("/booleans/httpd_can_network_connect", "off\n");
  return root;
}

function label(path: string, type: string): void {
  execaSync("chcon", ["-h", `system_u:object_r:${type}:s0`, host.at(path)]);
}

function typeOf(path: string): string {
  return execaSync("stat", ["-c", "%C", host.at(path)]).stdout.split(":")[2] ?? "";
}

const rules = (): string[] =>
  host
    .read("/semanage-fcontext")
    .split("\n")
    .filter((rule) => rule !== "");

const served = manifest(
  "site",
  "none",
  "selinux-context httpd_sys_content_t /microarray/html(/.*)?",
  "selinux-context httpd_sys_content_t /microarray/releases/[^/]+/[^/]+/staticfiles(/.*)?",
  "selinux-context httpd_sys_content_t /microarray/tracks",
  "directory /microarray owner=root group=root mode=0755",
  "directory /microarray/html owner=root group=root mode=0755 context=httpd_sys_content_t",
  "file /microarray/html/index.html owner=root group=root mode=0644",
  "| hello",
);

test("rules are for real paths behind a link that root made, and the link can be read as well", async () => {
  mkdirSync(host.at("/data.d/micro+array/html"), { recursive: true });
  symlinkSync("data.d/micro+array", host.at("/microarray"));
  expect(await host.apply(served)).toMatchObject({ code: 0, stderr: "" });
  const real = "/data\\.d/micro\\+array";
  const patterns = [
    "/microarray",
    `${real}/html(/.*)?`,
    `${real}/releases/[^/]+/[^/]+/staticfiles(/.*)?`,
    `${real}/tracks`,
  ];
  expect(rules()).toEqual(
    expect.arrayContaining(patterns.map((pattern) => `${pattern}\thttpd_sys_content_t`)),
  );
  expect(rules()).toHaveLength(patterns.length);
  const calls = host.calls();
  expect(calls).toContain(`restorecon -R ${host.at("/data.d/micro+array/html")}`);
  expect(calls).toContain(`restorecon -R ${host.at("/microarray")}`);
  expect(calls).toContain("matchpathcon -n /data.d/micro+array/html/index.html");
  expect((await host.apply(served)).stdout).toBe("applied site: unchanged\n");
  expect((await host.run(["probe"])).stdout).toMatch(/^ok site\n/);
  expect(await host.removeResource("site")).toMatchObject({ code: 0, stderr: "" });
  expect(rules()).toEqual([]);
});

// Seen in the virtual machine: Debian's restorecon may not even read a link of default_t.
test("labels a tree that was moved behind a link at its real path, not through the link", async () => {
  mkdirSync(host.at("/microarray/html"), { recursive: true });
  expect(await host.apply(served)).toMatchObject({ code: 0, stderr: "" });
  mkdirSync(host.at("/srv"));
  renameSync(host.at("/microarray"), host.at("/srv/microarray"));
  symlinkSync("srv/microarray", host.at("/microarray"));
  host.calls();
  expect(await host.apply(served)).toMatchObject({ code: 0, stderr: "" });
  const relabelled = host.calls().filter((call) => call.startsWith("restorecon"));
  expect(relabelled).toContain(`restorecon -R ${host.at("/srv/microarray/html")}`);
  expect(relabelled.filter((call) => call.includes(host.at("/microarray/")))).toEqual([]);
  expect(rules().filter((rule) => rule.startsWith("/microarray/"))).toEqual([]);
});

test("follows a link to the last directory of a pattern, but not one that the deployer made", async () => {
  mkdirSync(host.at("/bulk/media"), { recursive: true });
  mkdirSync(host.at("/microarray/shared"), { recursive: true });
  symlinkSync("../bulk/media", host.at("/microarray/media"));
  symlinkSync("/etc", host.at("/microarray/shared/media"));
  execaSync("chown", ["-h", "daemon", host.at("/microarray/shared")]);
  const text = manifest(
    "site",
    "none",
    "selinux-context httpd_sys_content_t /microarray/media(/.*)?",
    "selinux-context httpd_sys_content_t /microarray/shared/media(/.*)?",
    "selinux-context httpd_log_t /var/run/log(/.*)?",
  );
  mkdirSync(host.at("/run/log"));
  symlinkSync("../run", host.at("/var/run"));
  expect(await host.apply(text)).toMatchObject({ code: 0, stderr: "" });
  expect(rules().sort()).toEqual([
    "/bulk/media(/.*)?\thttpd_sys_content_t",
    "/microarray/media\thttpd_sys_content_t",
    "/microarray/shared/media(/.*)?\thttpd_sys_content_t",
    "/var/run/log(/.*)?\thttpd_log_t",
  ]);
  expect(host.calls().join("\n")).not.toContain(`restorecon -R ${host.at("/etc")}`);
});

const confined = manifest(
  "s",
  "none",
  "selinux-boolean httpd_can_network_connect on",
  "selinux-context httpd_log_t /srv/log(/.*)?",
  "selinux-port http_port_t tcp 8080",
  "directory /srv owner=root group=root mode=0755",
  "directory /srv/log owner=root group=root mode=0755 context=httpd_log_t",
);

// Seen in the virtual machine: two resources had rules to change at the same time.
test("waits for another command that changes the policy", async () => {
  host.write("/policy-busy", "2\n");
  // Long enough for a machine with other work.
  const run = await host.apply(confined, { environment: { TRACKS_LOCK_WAIT: "60" } });
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(rules()).toEqual(["/srv/log(/.*)?\thttpd_log_t"]);
});

test("does not take rules that can't be listed for none", async () => {
  host.write("/policy-busy", "999\n");
  const port = manifest("p", "none", "selinux-port http_port_t tcp 8080");
  const run = await host.apply(port);
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(/can't list the SELinux rules for ports: BlockingIOError/);
  expect(host.exists("/var/lib/tracks/records")).toBe(false);
});

test("SELinux disabled after us: up and destroy succeed, and what can't be asked is released", async () => {
  expect(await host.apply(confined)).toMatchObject({ code: 0, stderr: "" });
  host.write("/selinux", "Disabled\n");
  expect((await host.run(["probe"])).stdout).toMatch(/^ok s\n/);
  const more = confined.replace("end\n", "absent /etc/x\nend\n");
  expect(await host.apply(more)).toMatchObject({ code: 0, stderr: "" });

  // Switched on again it is all still ours.
  host.write("/selinux", "Enforcing\n");
  expect((await host.run(["probe"])).stdout).toMatch(/^ok s\n/);
  host.write("/selinux", "Disabled\n");
  const removed = await host.removeResource("s");
  expect(removed).toMatchObject({ code: 0, stderr: "" });
  expect(removed.stdout).toContain(
    "note: SELinux is disabled: selinux-boolean httpd_can_network_connect stays as it is\n",
  );
  expect(host.read("/var/lib/tracks/records")).toBe("# Nothing on this host is owned.\n");
});

test("SELinux disabled during a run that died: it is undone all the same", async () => {
  host.countPlainCommands();
  let calls = 0;
  const text = confined.replace("end\n", "file /etc/x owner=root group=root mode=0644\n| x\nend\n");
  do host.killAt((calls += 1));
  while (!(
    (await host.apply(text)).code === undefined &&
    host.read("/booleans/httpd_can_network_connect") === "on\n"
  ));
  host.write("/selinux", "Disabled\n");
  const run = await host.run(["recover"]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toContain("undid the interrupted run of tracks.dev/s");
});

test("SELinux enabled after us: the probe finds missing labels, and up sets them", async () => {
  host.write("/selinux", "Disabled\n");
  expect(await host.apply(confined)).toMatchObject({ code: 0, stderr: "" });
  expect(host.calls().join("\n")).not.toMatch(/semanage|setsebool|chcon/);
  host.write("/selinux", "Enforcing\n");
  label("/srv/log", "default_t");
  const probe = (await host.run(["probe"])).stdout;
  expect(probe).toContain("\t/srv/log\tSELinux type is default_t, not httpd_log_t");
  expect(probe).toContain('\tselinux-boolean httpd_can_network_connect\tis "off", not "on"');
  expect(await host.apply(confined, { repair: 1 })).toMatchObject({ code: 0, stderr: "" });
  expect(typeOf("/srv/log")).toBe("httpd_log_t");
  expect(rules()).toEqual(["/srv/log(/.*)?\thttpd_log_t"]);
  expect(host.read("/semanage-port")).toBe("tcp 8080\thttp_port_t\n");
  expect(host.read("/booleans/httpd_can_network_connect")).toBe("on\n");
  expect(await host.removeResource("s")).toMatchObject({ code: 0, stderr: "" });
});

test.each(["nfs_t", "without a label"])(
  "a file system without labels is no drift: %s",
  async (type) => {
    expect(await host.apply(confined)).toMatchObject({ code: 0, stderr: "" });
    if (type === "nfs_t") label("/srv/log", type);
    else {
      const drop = "import os, sys; os.removexattr(sys.argv[1], 'security.selinux')";
      execaSync("python3", ["-c", drop, host.at("/srv/log")]);
    }
    expect((await host.run(["probe"])).stdout).toMatch(/^ok s\n/);
    expect((await host.apply(confined)).stdout).toBe("applied s: unchanged\n");
  },
);

test("turns on a boolean now that would be on only from the next boot", async () => {
  host.write("/booleans/httpd_can_network_connect", "off pending: on\n");
  expect((await host.apply(confined)).stdout).toContain(
    "changed selinux-boolean httpd_can_network_connect (off -> on)",
  );
});

test.each<[EnterpriseLinux, number, string]>([
  [7, 81, "http_port_t"],
  [9, 9191, "glance_registry_port_t before us"],
  [10, 81, "modified by -a itself"],
])("on Enterprise Linux %i the policy's port %i gets its type: %s", async (el, port) => {
  host.remove();
  host = enforcing(el);
  const text = manifest("s", "none", `selinux-port http_port_t tcp ${port}`);
  expect(await host.apply(text)).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/semanage-port")).toBe(`tcp ${port}\thttp_port_t\n`);
  expect((await host.apply(text)).stdout).toBe("applied s: unchanged\n");
  expect(await host.removeResource("s")).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/semanage-port")).toBe("");
});

test("a rule that two resources share goes when both leave at the same time", async () => {
  const shared = "selinux-context httpd_sys_content_t /microarray/html(/.*)?";
  const own = "selinux-context httpd_log_t /srv/slow(/.*)?";
  await host.apply(manifest("site", "nginx", shared, own));
  await host.apply(manifest("folders", "none", shared));
  expect(rules()).toHaveLength(2);

  // The first one is in the middle of its changes until the second has ended, or waits.
  host.write(
    "/counted/semanage",
    `#!/bin/sh
case "$*" in *-d*slow*)
  touch "$TRACKS_ROOT/in-the-middle"
  until [ -e "$TRACKS_ROOT/go-on" ]; do sleep 0.1; done
esac
exec "$TRACKS_ROOT/stand-ins/semanage" "$@"
`,
    0o755,
  );
  const environment = { TRACKS_LOCK_WAIT: "30" };
  const site = host.removeResource("site", { environment });
  while (!host.exists("/in-the-middle")) await sleep(50);
  const folders = host.removeResource("folders", { environment });
  await Promise.race([folders, sleep(1500)]);
  host.write("/go-on", "");
  expect(await site).toMatchObject({ code: 0 });
  expect(await folders).toMatchObject({ code: 0 });
  expect(rules()).toEqual([]);
});

test("reports the reason of a refused rule with semanage's message", async () => {
  const text = manifest("s", "none", "selinux-context httpd_log_t /run/log(/.*)?");
  const { reason } = await host.apply(text);
  expect(reason).toContain(
    "can't set the SELinux type of /run/log(/.*)? to httpd_log_t: ValueError: File spec /run/log(/.*)? conflicts with equivalency rule '/run /var/run'; Try adding '/var/run/log(/.*)?' instead",
  );
  expect(reason).not.toContain("seinfo");
  rmSync(host.at("/semanage-fcontext"), { force: true });
  const wrong = manifest("s", "none", "selinux-context httpd_lgo /srv/log(/.*)?");
  expect((await host.apply(wrong)).reason).toContain(
    "Type httpd_lgo is invalid, must be a file or device type (does this host's policy have it? seinfo -t httpd_lgo, from the package setools-console)",
  );
});

describe("a port within a range that an administrator made a rule for", () => {
  const port = manifest("p", "none", "selinux-port http_port_t tcp 8081");
  const range = "tcp 9000, 8000-8100\thttp_port_t\nudp 8081\tdns_port_t\n";

  it("has its type from that rule, which is not ours", async () => {
    host.write("/semanage-port", range);
    for (let time = 0; time < 2; time++) {
      const run = await host.apply(port);
      expect(run).toMatchObject({ code: 0, stderr: "", stdout: "applied p: unchanged\n" });
    }
    expect(await host.removeResource("p")).toMatchObject({ code: 0, stderr: "" });
    expect(host.read("/semanage-port")).toBe(range);
  });

  it("of another type is reported with a fix, and nothing is changed", async () => {
    host.write("/semanage-port", "tcp 8000-8100\tcache_port_t\n");
    const { code, reason } = await host.apply(port);
    expect(code).toBe(1);
    expect(reason).toMatch(
      /can't give port 8081 the SELinux type http_port_t: a rule of this host gives the ports 8000-8100 the type cache_port_t, .*semanage port -d -p tcp 8000-8100/,
    );
    expect(host.read("/semanage-port")).toBe("tcp 8000-8100\tcache_port_t\n");
    expect(host.exists("/var/lib/tracks/journal/none")).toBe(false);
  });

  it("that replaced our rule stays on destroy", async () => {
    expect(await host.apply(port)).toMatchObject({ code: 0, stderr: "" });
    host.write("/semanage-port", range);
    expect(await host.removeResource("p")).toMatchObject({ code: 0, stderr: "" });
    expect(host.read("/semanage-port")).toBe(range);
  });
});
