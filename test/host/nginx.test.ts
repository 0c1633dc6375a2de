import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { manifest, PrivateRoot, vendorNginxConf } from "./privateRoot";

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

interface Site {
  snippet?: string;
  listen?: number;
  name?: string;
  include?: string;
}

/** A whole nginx tree as the program sends it. */
function nginxTree({
  snippet = "",
  listen = 80,
  name = "tracks",
  include = "",
}: Site = {}): string {
  return manifest(
    "nginx",
    "nginx",
    "file /etc/nginx/nginx.conf owner=root group=root mode=0644",
    "| user nginx;",
    "| pid @@NGINX_PID@@;",
    "| error_log /var/log/nginx/error.log warn;",
    "| @@NGINX_MODULES@@",
    "| include @@NGINX_MIME_TYPES@@;",
    "| include conf.d/*.conf;",
    "| include sites-enabled/*;",
    ...(include === "" ? [] : [`| include ${include};`]),
    "absent /etc/nginx/conf.d/default.conf",
    "directory /etc/nginx/sites-available owner=games group=games mode=0755",
    "directory /etc/nginx/sites-enabled owner=games group=games mode=0755",
    "directory /etc/nginx/logs owner=root group=root mode=0755",
    "directory /etc/nginx/logs/domains owner=root group=root mode=0755",
    `file /etc/nginx/sites-available/${name} owner=games group=games mode=0644`,
    "| server {",
    `|   listen ${listen};`,
    `|   server_name ${name}.example.org;`,
    "|   access_log /etc/nginx/logs/domains/access.log;",
    `|   ${snippet}`,
    "| }",
    `symlink /etc/nginx/sites-enabled/${name} -> ../sites-available/${name}`,
    "service nginx",
  );
}

test("starts nginx with the whole tree, and then reloads it only for changes", async () => {
  const first = await host.apply(nginxTree());
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toContain("changed service nginx (disabled stopped -> enabled running)");
  expect(host.read("/etc/nginx/nginx.conf")).toContain("pid /run/nginx.pid;\n");
  expect(host.read("/in-force")).toContain("server_name tracks.example.org;");
  const master = host.masterPid();

  const second = await host.apply(nginxTree());
  expect(second.stdout).toBe("applied nginx: unchanged\n");
  expect(host.masterPid()).toBe(master);

  host.calls();
  const third = await host.apply(nginxTree({ snippet: "add_header X-Tracks yes;" }));
  expect(third).toMatchObject({ code: 0, stderr: "" });
  expect(third.stdout).toMatch(/reloaded nginx \(master \d+, workers \d+ -> \d+\)/);
  expect(host.read("/in-force")).toContain("add_header X-Tracks yes;");
  expect(host.masterPid()).toBe(master);
  expect(
    host.calls().filter((call) => call.startsWith("systemctl") && call.includes("reload")),
  ).toEqual(["systemctl reload nginx.service"]);
});

test("starts services in an empty environment and without our locks", async () => {
  await host.apply(nginxTree(), { environment: { PRODUCTION: "1", LD_PRELOAD_HINT: "x" } });
  expect(host.read("/services/nginx/environment")).not.toContain("PRODUCTION");
  const again = await host.apply(nginxTree({ snippet: "gzip on;" }));
  expect(again.code).toBe(0);
});

test("refuses a broken configuration, each time, and changes nothing", async () => {
  await host.apply(nginxTree());
  const served = host.read("/in-force");
  const site = host.read("/etc/nginx/sites-available/tracks");
  for (let attempt = 0; attempt < 2; attempt++) {
    host.calls();
    const run = await host.apply(nginxTree({ snippet: "broken_directive;" }));
    expect(run.code).toBe(1);
    expect(run.reason).toContain(
      'nginx refuses the new configuration: unknown directive "broken_directive" in /etc/nginx/sites-enabled/tracks',
    );
    expect(host.read("/etc/nginx/sites-available/tracks")).toBe(site);
    expect(host.read("/in-force")).toBe(served);
    expect(host.calls().join("\n")).not.toContain("reload nginx");
  }
});

test("reports and undoes, each time, what passes the test and fails on reload", async () => {
  await host.apply(nginxTree());
  const site = host.read("/etc/nginx/sites-available/tracks");
  host.write("/ports-in-use", "8080\n");
  for (let attempt = 0; attempt < 2; attempt++) {
    const run = await host.apply(nginxTree({ listen: 8080 }));
    expect(run.code).toBe(1);
    expect(run.reason).toContain(
      "nginx refused the reload and still serves the old configuration: bind() to 0.0.0.0:8080 failed (98: Address already in use)",
    );
    expect(run.reason).toContain("were undone");
    expect(host.read("/etc/nginx/sites-available/tracks")).toBe(site);
    expect(host.read("/in-force")).toContain("listen 80;");
  }
  host.write("/ports-in-use", "");
  const freed = await host.apply(nginxTree({ listen: 8080 }));
  expect(freed.code).toBe(0);
  expect(host.read("/in-force")).toContain("listen 8080;");
});

test("treats a reload that exits 0 without new workers as a failure", async () => {
  await host.apply(nginxTree());
  host.write("/reload-is-lost", "");
  const run = await host.apply(nginxTree({ snippet: "gzip on;" }));
  expect(run.code).toBe(1);
  expect(run.stderr).toContain("no new worker within 2 s");
  expect(host.read("/etc/nginx/sites-available/tracks")).not.toContain("gzip");
});

test("restores the files of an nginx that can't start, and its service stays disabled", async () => {
  host.write("/ports-in-use", "80\n");
  const run = await host.apply(nginxTree());
  expect(run.code).toBe(1);
  expect(run.reason).toContain("bind() to 0.0.0.0:80 failed");
  expect(host.read("/etc/nginx/nginx.conf")).toBe(vendorNginxConf);
  expect(host.exists("/etc/nginx/conf.d/default.conf")).toBe(true);
  expect(host.exists("/etc/nginx/sites-available")).toBe(false);
  expect(host.exists("/etc/nginx/logs")).toBe(false);
  expect(host.exists("/services/nginx/enabled")).toBe(false);
});

test("remove restores the package's files and the former state of the service", async () => {
  await host.apply(nginxTree());
  host.write("/etc/nginx/logs/domains/access.log", "a visitor\n");
  const run = await host.removeResource("nginx");
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/etc/nginx/nginx.conf")).toBe(vendorNginxConf);
  expect(host.read("/etc/nginx/conf.d/default.conf")).toBe("server { }\n");
  expect(host.exists("/etc/nginx/sites-available")).toBe(false);
  expect(host.read("/etc/nginx/logs/domains/access.log")).toBe("a visitor\n");
  expect(run.stdout).toContain("/etc/nginx/logs/domains stays: it is not empty");
  expect(host.exists("/services/nginx/running")).toBe(false);
  expect(host.exists("/services/nginx/enabled")).toBe(false);
  const again = await host.removeResource("nginx");
  expect(again).toMatchObject({ code: 0, stdout: "removed nginx: unchanged\n" });
});

/** A package that brings its default server in conf.d, as EPEL 6's does; ours moves it away. */
const vendorsDefault = "server { listen 80 default_server; listen [::]:80 default_server; }\n";
const withoutVendorsDefault = nginxTree().replace(
  "absent /etc/nginx/conf.d/default.conf",
  "absent /etc/nginx/conf.d/default.conf of=package",
);

test("moves the package's default server away, and restores it on remove", async () => {
  host.write("/etc/nginx/conf.d/default.conf", vendorsDefault);
  host.write("/rpm-files", "/etc/nginx/conf.d/default.conf\n");
  expect(await host.apply(withoutVendorsDefault)).toMatchObject({ code: 0, stderr: "" });
  expect(host.exists("/etc/nginx/conf.d/default.conf")).toBe(false);
  expect(host.read("/in-force")).not.toContain("default_server");
  expect((await host.run(["probe"])).stdout).toMatch(/^ok nginx\n/);

  // An update of the package brings it again.
  host.write("/etc/nginx/conf.d/default.conf", vendorsDefault);
  expect((await host.run(["probe"])).stdout).toMatch(/^drift nginx\t/);
  expect(await host.apply(withoutVendorsDefault, { repair: 1 })).toMatchObject({ code: 0 });
  expect(host.exists("/etc/nginx/conf.d/default.conf")).toBe(false);

  expect(await host.removeResource("nginx")).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/etc/nginx/conf.d/default.conf")).toBe(vendorsDefault);
});

test.each([
  ["that no package brought", "", ""],
  [
    "of the package that was edited",
    "/etc/nginx/conf.d/default.conf\n",
    "S.5....T.  c /etc/nginx/conf.d/default.conf\n",
  ],
])("leaves a conf.d/default.conf %s", async (_, files, verify) => {
  const mine = "server { server_name mine.example.org; }\n";
  host.write("/etc/nginx/conf.d/default.conf", mine);
  host.write("/rpm-files", files);
  host.write("/rpm-verify", verify);
  expect(await host.apply(withoutVendorsDefault)).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/in-force")).toContain("mine.example.org");
  expect((await host.run(["probe"])).stdout).toMatch(/^ok nginx\n/);
  expect(await host.removeResource("nginx")).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/etc/nginx/conf.d/default.conf")).toBe(mine);
});

test("leaves a site that somebody put in place of the package's default server", async () => {
  host.write("/etc/nginx/conf.d/default.conf", vendorsDefault);
  host.write("/rpm-files", "/etc/nginx/conf.d/default.conf\n");
  await host.apply(withoutVendorsDefault);
  const mine = "server { server_name mine.example.org; }\n";
  host.write("/etc/nginx/conf.d/default.conf", mine);
  host.write("/rpm-verify", "S.5....T.  c /etc/nginx/conf.d/default.conf\n");
  const run = await host.apply(withoutVendorsDefault, { repair: 1 });
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toContain(
    "note: /etc/nginx/conf.d/default.conf was edited since its package installed it: it stays",
  );
  expect((await host.run(["probe"])).stdout).toMatch(/^ok nginx\n/);
  expect(await host.removeResource("nginx")).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/etc/nginx/conf.d/default.conf")).toBe(mine);
});

test("remove reloads an nginx that ran before us", async () => {
  await host.run(["version"]);
  host.write("/services/nginx/enabled", "");
  host.startNginx();
  const master = host.masterPid();
  expect(host.read("/in-force")).toContain("server { }");
  await host.apply(nginxTree());
  expect(host.read("/in-force")).toContain("server_name tracks.example.org;");
  const run = await host.removeResource("nginx");
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(host.masterPid()).toBe(master);
  expect(host.read("/in-force")).toContain("server { }");
  expect(host.exists("/services/nginx/running")).toBe(true);
});

test("tests an absolute include at its real path, without touching the live tree", async () => {
  await host.apply(nginxTree());
  host.write("/etc/nginx/extra.conf", "gzip on;\n");
  const good = await host.apply(nginxTree({ include: "/etc/nginx/extra.conf" }));
  expect(good).toMatchObject({ code: 0, stderr: "" });
  const run = await host.apply(
    nginxTree({ include: "/etc/nginx/sites-available/tracks", snippet: "broken_directive;" }),
  );
  expect(run.code).toBe(1);
  expect(run.reason).toContain("nginx refuses the new configuration");
  expect(host.read("/etc/nginx/sites-available/tracks")).not.toContain("broken_directive");
  expect(mounts()).not.toContain(host.root);
});

test("tests an absolute link into the tree at its real path", async () => {
  const tree = (snippet: string): string => nginxTree({ snippet }).replace(/^symlink .*\n/m, "");
  await host.apply(tree("gzip on;"));
  symlinkSync(
    host.at("/etc/nginx/sites-available/tracks"),
    host.at("/etc/nginx/sites-enabled/by-hand"),
  );
  const run = await host.apply(tree("broken_directive;"));
  expect(run.code).toBe(1);
  // The live file, which the link leads to, is good: only the candidate's is broken.
  expect(run.reason).toContain("nginx refuses the new configuration");
});

test("our umask does not apply to what nginx, packages and accounts create", async () => {
  await host.apply(nginxTree());
  expect(host.ownership("/etc/nginx/logs/domains/access.log")).toBe("root root 644");
});

test("SysV: chkconfig and /sbin/service are used where systemd does not run", async () => {
  host.write("/el", "6\n");
  rmSync(host.at("/run/systemd"), { recursive: true });
  host.write("/etc/init.d/nginx", 'prog="nginx"\npidfile="/run/${prog}.pid"\n', 0o755);
  const first = await host.apply(nginxTree());
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toContain("changed service nginx (disabled stopped -> enabled running)");
  const second = await host.apply(nginxTree({ snippet: "gzip on;" }));
  expect(second).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/in-force")).toContain("gzip on;");
  const calls = host.calls();
  expect(calls).toContain("chkconfig nginx on");
  expect(calls).toContain("service nginx reload");
  expect(calls.join("\n")).not.toContain("systemctl");
  expect((await host.run(["probe"])).stdout).toMatch(/^ok nginx\n/);
  expect(await host.removeResource("nginx")).toMatchObject({ code: 0, stderr: "" });
  expect(host.exists("/services/nginx/enabled")).toBe(false);
});

/** The site as its template has it, with a second site of somebody else. */
function siteOnPort8080(name = "tracks"): string {
  host.write("/etc/nginx/conf.d/other.conf", "server {\n  server_name other.example.org;\n}\n");
  return nginxTree({ listen: 8080, name })
    .replace(
      "|   listen 8080;",
      [
        "|   listen 8080 default_server;",
        "|   @@IF_IPV6@@listen [::]:8080 default_server;",
        "|   @@NGINX_RELATIVE_REDIRECTS@@",
        "|   rewrite ^([^.]*[^/])$ @@NGINX_VISITED@@$1/ permanent;",
      ].join("\n"),
    )
    .replace("| include conf.d", "| @@NGINX_SERVER_NAMES@@\n| include conf.d");
}

test("redirects without a port, where nginx supports it", async () => {
  expect(await host.apply(siteOnPort8080())).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/in-force")).toContain("  absolute_redirect off;\n");
  expect(host.read("/in-force")).toContain("  rewrite ^([^.]*[^/])$ $1/ permanent;\n");
});

test("an older nginx redirects to the address that the visitor asked for", async () => {
  host.remove();
  host = new PrivateRoot({ el: 6 });
  host.write("/etc/init.d/nginx", "", 0o755);
  expect(await host.apply(siteOnPort8080())).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/in-force")).not.toContain("absolute_redirect off");
  expect(host.read("/in-force")).toContain("^([^.]*[^/])$ $scheme://$http_host$1/ permanent;\n");
});

test("the site listens to IPv6 where the host has it, and only there", async () => {
  expect(await host.apply(siteOnPort8080())).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/in-force")).toContain("# No IPv6 here: listen [::]:8080 default_server;\n");
  // As every file of /proc, it has content but no size.
  mkdirSync(host.at("/proc/net"), { recursive: true });
  symlinkSync("/proc/self/status", host.at("/proc/net/if_inet6"));
  expect(await host.apply(siteOnPort8080())).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/in-force")).toMatch(/^ {2}listen \[::\]:8080 default_server;$/m);
});

test.each([46, 47, 73, 103, 253])(
  "accepts a server name of %i characters besides a second site",
  async (length) => {
    const label = "a".repeat(50);
    const name = `${label}.${label}.${label}.${label}.${label}`.slice(
      0,
      length - ".example.org".length,
    );
    expect(await host.apply(siteOnPort8080(name))).toMatchObject({ code: 0, stderr: "" });
    expect(host.read("/in-force")).toContain(`server_name ${name}.example.org;`);
  },
);

test.each([
  ["a file", "/etc/nginx/conf.d/names.conf", undefined],
  ["a link", "/etc/nginx/conf.d/names.conf", "/srv/names.conf"],
  ["a site", "/etc/nginx/sites-enabled/other", undefined],
])("keeps a server_names_hash_bucket_size that is set in %s", async (_, path, target) => {
  host.write(target ?? path, "server_names_hash_bucket_size 256;\n");
  if (target !== undefined) {
    mkdirSync(host.at("/etc/nginx/conf.d"), { recursive: true });
    symlinkSync(host.at(target), host.at(path));
  }
  expect(await host.apply(siteOnPort8080("a".repeat(61)))).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/in-force").match(/^server_names_hash_bucket_size/gm)).toHaveLength(1);
});

test("does not take a visitor's text in the log for nginx's own", async () => {
  await host.apply(nginxTree());
  // The stand-in starts new workers slowly, and visitors are quick.
  host.write(
    "/visitor",
    '2026/01/01 00:00:00 [error] 7#7: *1 open() "/x/[emerg] 1#1: bind()" failed\n',
  );
  const run = await host.apply(nginxTree({ snippet: "gzip on;" }));
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/var/log/nginx/error.log")).toContain("/x/[emerg]");
});

test("removes a pid file that the test leaves behind", async () => {
  host.write("/ports-in-use", "80\n");
  await host.apply(nginxTree());
  expect(existsSync(host.at("/run/nginx.pid"))).toBe(false);
});

test("reports an nginx that was started without the service", async () => {
  host.startNginx({ byHand: true });
  const run = await host.apply(nginxTree());
  expect(run.code).toBe(1);
  expect(run.reason).toContain("somebody started nginx without the service");
  expect(host.read("/etc/nginx/nginx.conf")).toBe(vendorNginxConf);
});

function mounts(): string {
  return readFileSync("/proc/self/mountinfo", "utf8");
}
