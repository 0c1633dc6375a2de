import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { holdLock } from "./heldLock";
import { manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

const yumConf =
  "[main]\ngpgcheck=1\n# a comment\nkeepcache = 0\n\n[other]\nproxy=http://not-this\n[last]\nx=1";
const proxy = (value: string, section = "main"): string =>
  manifest("p", "packages", `setting @@YUM_CONF@@ section=${section} key=proxy`, `| ${value}`);

test("a setting changes one line of somebody else's file, and remove restores only that", async () => {
  host.write("/etc/yum.conf", yumConf, 0o640);
  const run = await host.apply(proxy("http://user:pass@proxy:3128"));
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toMatch(
    /^kept \/etc\/yum\.conf as it was before: \S+\nchanged setting \/etc\/yum\.conf main proxy\napplied p: 2 changes\n$/,
  );
  expect(host.read("/etc/yum.conf")).toBe(
    yumConf.replace("[main]\n", "[main]\nproxy=http://user:pass@proxy:3128\n"),
  );
  expect(host.ownership("/etc/yum.conf")).toBe("root root 640");
  host.write(
    "/etc/yum.conf",
    host.read("/etc/yum.conf").replace("gpgcheck=1", "gpgcheck=0"),
    0o640,
  );
  await host.removeResource("p");
  expect(host.read("/etc/yum.conf")).toBe(yumConf.replace("gpgcheck=1", "gpgcheck=0"));
});

test("an existing setting gets its former value back; a section that we added is removed", async () => {
  host.write("/etc/yum.conf", yumConf);
  await host.apply(proxy("http://ours", "other"));
  expect(host.read("/etc/yum.conf")).toContain("[other]\nproxy=http://ours\n");
  await host.apply(proxy("http://ours", "fresh"));
  expect(host.read("/etc/yum.conf")).toBe(`${yumConf}\n[fresh]\nproxy=http://ours`);
  await host.removeResource("p");
  expect(host.read("/etc/yum.conf")).toBe(yumConf);
});

test("a setting whose file is gone is removed with a note, and refused when it is applied", async () => {
  host.write("/etc/yum.conf", yumConf);
  await host.apply(proxy("http://ours"));
  rmSync(host.at("/etc/yum.conf"));
  expect((await host.apply(proxy("http://others"))).reason).toMatch(
    /^\/etc\/yum\.conf does not exist, or is not a regular file: /,
  );
  const removed = await host.removeResource("p");
  expect(removed).toMatchObject({ code: 0, stderr: "" });
  expect(removed.stdout).toContain(
    "note: setting /etc/yum.conf main proxy does not exist on this host any more: nothing of it was restored\n",
  );
  expect(host.exists("/etc/yum.conf")).toBe(false);
});

const selinux = manifest(
  "s",
  "none",
  "directory /microarray owner=root group=root mode=0755 context=httpd_sys_content_t",
  "file /microarray/f owner=root group=root mode=0644",
  "| x",
  "selinux-boolean httpd_can_network_connect on",
  "selinux-port http_port_t tcp 8080",
  "selinux-context httpd_sys_content_t /microarray(/.*)?",
);

test("SELinux: sets labels before the swap, rules, booleans and ports, and restores all of them", async () => {
  host.write("/selinux", "Enforcing\n");
  host.write("/booleans/httpd_can_network_connect", "off\n");
  execaSync("chcon", ["system_u:object_r:default_t:s0", host.at("/")]);
  const run = await host.apply(selinux);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toContain("changed selinux-boolean httpd_can_network_connect (off -> on)");
  expect(run.stdout).toContain("changed selinux-port tcp 8080 (none -> http_port_t)");
  expect(context("/microarray")).toBe("system_u:object_r:httpd_sys_content_t:s0");
  expect(context("/microarray/f")).toBe("system_u:object_r:etc_t:s0");
  expect(host.read("/booleans/httpd_can_network_connect")).toBe("on\n");
  expect((await host.apply(selinux)).stdout).toBe("applied s: unchanged\n");

  execaSync("chcon", ["-t", "var_t", host.at("/microarray")]);
  expect((await host.run(["probe"])).stdout).toContain(
    "drift s\t/microarray\tSELinux type is var_t, not httpd_sys_content_t",
  );
  await host.removeResource("s");
  expect(host.read("/booleans/httpd_can_network_connect")).toBe("off\n");
  expect(host.read("/semanage-port")).toBe("");
  expect(host.read("/semanage-fcontext")).toBe("");
});

test.each([
  ["/srv/www\\.tracks/html(/.*)?", "/srv/www.tracks/html"],
  ["/srv/www.tracks/html(/.*)?", "/srv/www.tracks/html"],
  ["/srv/www\\.tracks/html/.*\\.css", "/srv/www.tracks/html"],
  ["/srv/www\\.tracks/(html|static)/.*", "/srv/www.tracks"],
  ["/srv/www\\.tracks/ht.+", "/srv/www.tracks"],
  ["/srv/www\\.tracks/html/index\\.html", "/srv/www.tracks/html/index.html"],
])("SELinux: relabels where a rule may match: %s", async (pattern, tree) => {
  host.write("/selinux", "Enforcing\n");
  host.write("/srv/www.tracks/html/index.html", "");
  const text = manifest("s", "none", `selinux-context httpd_sys_content_t ${pattern}`);
  expect(await host.apply(text)).toMatchObject({ code: 0, stderr: "" });
  const relabelled = `restorecon -R ${host.at(tree)}`;
  expect(host.calls()).toContain(relabelled);
  expect(await host.removeResource("s")).toMatchObject({ code: 0, stderr: "" });
  expect(host.calls()).toContain(relabelled);
  expect(host.read("/semanage-fcontext")).toBe("");
  expect(host.read("/var/lib/tracks/records")).toBe("# Nothing on this host is owned.\n");
});

test("SELinux: restores the label of an existing directory", async () => {
  host.write("/selinux", "Enforcing\n");
  host.write("/srv/data", "x");
  const label = "system_u:object_r:var_t:s0";
  execaSync("chcon", [label, host.at("/srv")]);
  await host.apply(
    manifest("s", "none", "directory /srv owner=root group=root mode=0755 context=httpd_log_t"),
  );
  expect(context("/srv")).toContain(":httpd_log_t:");
  await host.removeResource("s");
  expect(context("/srv")).toBe(label);
});

/** Takes semanage from the host; installing its package brings it back. */
function withoutSemanage(): { PATH: string } {
  const commands = join(__dirname, "commands");
  mkdirSync(host.at("/commands"));
  for (const name of readdirSync(commands)) {
    symlinkSync(join(commands, name), host.at(`/commands/${name}`));
  }
  host.write("/packages/policycoreutils-python/keep", "");
  renameSync(host.at("/commands/semanage"), host.at("/packages/policycoreutils-python/semanage"));
  host.write("/repository", "policycoreutils-python\n");
  return { PATH: `${host.at("/commands")}:/usr/sbin:/usr/bin:/sbin:/bin` };
}

test("SELinux: semanage is installed like any package, under the lock of packages", async () => {
  host.write("/selinux", "Enforcing\n");
  const environment = { ...withoutSemanage(), TRACKS_LOCK_WAIT: "1" };
  const text = manifest("s", "none", "selinux-port http_port_t tcp 8080");
  const lock = await holdLock(host, "packages");
  expect((await host.apply(text, { environment })).reason).toMatch(/^packages is locked by /);
  lock.release();

  const run = await host.apply(text, { environment });
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toContain("installed package policycoreutils-python\n");
  expect(host.calls()).toContain(
    "dnf --setopt=exit_on_lock=True -y install policycoreutils-python",
  );
  expect(host.read("/semanage-port")).toBe("tcp 8080\thttp_port_t\n");
});

test("SELinux: removing rules that don't exist installs nothing", async () => {
  host.write("/selinux", "Enforcing\n");
  await host.apply(manifest("s", "none", "selinux-port http_port_t tcp 8080"));
  const environment = withoutSemanage();
  expect(await host.removeResource("s", { environment })).toMatchObject({ code: 0, stderr: "" });
  expect(host.calls().join("\n")).not.toContain(" install ");
});

test("restoring an account takes the lock of users, whatever the subsystem of the manifest", async () => {
  await host.apply(
    manifest("u", "none", "user deployer home=/home/deployer shell=/bin/bash system=no"),
  );
  const lock = await holdLock(host, "users");
  const without = host.apply(manifest("u", "none"), { environment: { TRACKS_LOCK_WAIT: "1" } });
  expect((await without).reason).toMatch(/^users is locked by /);
  expect((await host.removeResource("u")).reason).toMatch(/^users is locked by /);
  lock.release();
  expect(await host.removeResource("u")).toMatchObject({ code: 0, stderr: "" });
});

test("SELinux: a boolean that the policy lacks is refused, and removed with a note", async () => {
  host.write("/selinux", "Enforcing\n");
  const text = manifest("s", "none", "selinux-boolean httpd_can_network_connect on");
  expect((await host.apply(text)).reason).toContain(
    "this host's policy has no boolean httpd_can_network_connect: ",
  );
  host.write("/booleans/httpd_can_network_connect", "off\n");
  expect(await host.apply(text)).toMatchObject({ code: 0, stderr: "" });
  rmSync(host.at("/booleans/httpd_can_network_connect"));
  const removed = await host.removeResource("s");
  expect(removed).toMatchObject({ code: 0, stderr: "" });
  expect(removed.stdout).toContain(
    "note: selinux-boolean httpd_can_network_connect does not exist on this host any more: nothing of it was restored\n",
  );
});

test("SELinux: reports a type that the policy lacks; does nothing where it is disabled", async () => {
  host.write("/selinux", "Enforcing\n");
  const wrong = manifest("s", "none", "selinux-port http_prt tcp 8080");
  expect((await host.apply(wrong)).reason).toContain(
    "does this host's policy have it? seinfo -t http_prt",
  );
  host.write("/selinux", "Disabled\n");
  expect(await host.apply(selinux)).toMatchObject({ code: 0, stderr: "" });
  expect(host.calls().join("\n")).not.toContain("setsebool");
});

function context(path: string): string {
  return execaSync("stat", ["-c", "%C", host.at(path)]).stdout;
}

test("firewall: opens a port now and permanently, and closes only what was closed before", async () => {
  host.write("/firewall-now", "443/tcp\n");
  host.write("/firewall-later", "443/tcp\n");
  const text = manifest("f", "none", "firewall-port tcp 80", "firewall-port tcp 443");
  expect((await host.apply(text)).stdout).toContain(
    "changed firewall-port tcp 80 public (permanent=no now=no -> permanent=yes now=yes)",
  );
  expect(host.read("/firewall-now")).toBe("443/tcp\n80/tcp\n");
  expect(host.read("/firewall-later")).toBe("443/tcp\n80/tcp\n");
  expect((await host.apply(text)).stdout).toBe("applied f: unchanged\n");
  await host.removeResource("f");
  expect(host.read("/firewall-now")).toBe("443/tcp\n");
  expect(host.read("/firewall-later")).toBe("443/tcp\n");
});

test("firewall: closes the port in its settings when it is stopped by then", async () => {
  const text = (more: string): string =>
    manifest("f", "none", "firewall-port tcp 80", "firewall-port tcp 443", more);
  host.write("/firewall-now", "443/tcp\n");
  host.write("/firewall-later", "443/tcp\n");
  await host.apply(text("absent /etc/one"));
  rmSync(host.at("/firewall-now"));
  expect((await host.run(["probe"])).stdout).toMatch(/^ok f\n/);
  // A run in between does not give the port up.
  expect(await host.apply(text("absent /etc/two"))).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/firewall-later")).toBe("443/tcp\n80/tcp\n");

  expect((await host.removeResource("f")).stdout).toContain(
    "released firewall-port tcp 80 public (permanent=yes now=stopped -> permanent=no now=no)\n",
  );
  expect(host.read("/firewall-later")).toBe("443/tcp\n");
});

test("firewall: the probe finds one that was started after us, and a repair opens the port", async () => {
  const text = manifest("f", "none", "firewall-port tcp 80");
  await host.apply(text);
  host.write("/firewall-now", "");
  host.write("/firewall-later", "");
  expect((await host.run(["probe"])).stdout).toMatch(/^drift f\tfirewall-port tcp 80\tis /);
  await host.apply(text, { repair: 1 });
  expect(host.read("/firewall-now")).toBe("80/tcp\n");
});

test("firewall: does nothing where it does not run", async () => {
  expect((await host.apply(manifest("f", "none", "firewall-port tcp 80"))).stdout).toBe(
    "applied f: unchanged\n",
  );
});

test("enables and starts a service, and restores its former state", async () => {
  host.write("/services/uwsgi/enabled", "");
  const text = manifest("u", "none", "service uwsgi");
  expect((await host.apply(text)).stdout).toContain("(enabled stopped -> enabled running)");
  await host.removeResource("u");
  expect(readdirSync(host.at("/services/uwsgi")).sort()).toEqual(["enabled", "environment"]);
  expect((await host.apply(manifest("u", "none", "service none-such"))).reason).toContain(
    "there is no service none-such",
  );
});

test("disables a service on remove that an administrator has stopped after us", async () => {
  host.write("/services/uwsgi/unit", "");
  await host.apply(manifest("u", "none", "service uwsgi"));
  rmSync(host.at("/services/uwsgi/running"));
  const run = await host.removeResource("u");
  expect(run.stdout).toBe(
    "released service uwsgi (enabled stopped -> disabled stopped)\nremoved u: 1 change\n",
  );
  expect(host.exists("/services/uwsgi/enabled")).toBe(false);
});

test("stops a service on remove that an administrator has disabled after us", async () => {
  host.write("/services/uwsgi/enabled", "");
  await host.apply(manifest("u", "none", "service uwsgi"));
  rmSync(host.at("/services/uwsgi/enabled"));
  const run = await host.removeResource("u");
  expect(run.stdout).toContain("released service uwsgi (disabled running -> disabled stopped)\n");
  expect(run.stdout).toContain("note: somebody has changed service uwsgi since");
  expect(host.exists("/services/uwsgi/running")).toBe(false);
});

test("leaves a service on remove that ran before us and that an administrator has stopped", async () => {
  host.write("/services/uwsgi/enabled", "");
  host.write("/services/uwsgi/running", "");
  await host.apply(manifest("u", "none", "service uwsgi"));
  rmSync(host.at("/services/uwsgi/running"));
  const run = await host.removeResource("u");
  expect(run.stdout).toContain(
    "somebody has changed service uwsgi since this program set it: that stays as it is",
  );
  expect(readdirSync(host.at("/services/uwsgi")).sort()).toEqual(["enabled"]);
});
