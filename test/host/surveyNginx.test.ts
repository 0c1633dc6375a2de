import { chmodSync, chownSync, rmSync, symlinkSync } from "node:fs";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

/** As EL 9's package brings it: one server that shows a page of the vendor's. */
const vendors = `user nginx;
include /usr/share/nginx/modules/*.conf;
events { worker_connections 1024; }
http {
    log_format main '{"from": "$remote_addr", "to": "$host"}';
    include /etc/nginx/mime.types;
    include /etc/nginx/conf.d/*.conf;
    server {
        listen 80;
        listen [::]:80;
        server_name _;
        root /usr/share/nginx/html;
        include /etc/nginx/default.d/*.conf;
        error_page 404 /404.html;
        location = /404.html {
        }
    }
    # server { server_name commented.example.org; }
}
`;

/** The package's file with lines in http { }, and lines outside it. */
function edited(inHttp: string, beside = ""): string {
  return `${vendors.replace("    # server", `${inHttp}\n    # server`)}${beside}`;
}

async function survey(...words: string[]): Promise<string> {
  const run = await host.run([
    "--scope",
    "tracks.dev",
    "survey",
    "server=tracks.example.org",
    ...words,
  ]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  return run.stdout;
}

/** The obstacles in the survey. */
async function obstacles(conf: string): Promise<string[]> {
  host.write("/etc/nginx/nginx.conf", conf);
  return (await survey()).split("\n").filter((line) => line.startsWith("obstacle\tnginx-conf"));
}

test("an nginx.conf that only tunes the vendor's may be replaced", async () => {
  expect(await obstacles(vendors.replace("1024", "4096"))).toEqual([]);
  expect(await obstacles(edited("    gzip on; include sites-enabled/*;"))).toEqual([]);
});

test("names servers of other sites in nginx.conf, and where to move them", async () => {
  const found = await obstacles(
    edited(`
    map $http_upgrade $connection { default "up;grade{"; '' close; }
    upstream shop_backend { server 127.0.0.1:3000; }
    server {
        listen 80;
        server_name shop.example.org "www.shop.example.org"; # not ours
        location ~ "^/[0-9]{3}" { proxy_pass http://shop_backend; }
    }
    server { listen 8080; location / { return 200 \${host}; } }`),
  );
  expect(found).toHaveLength(1);
  expect(found[0]?.split("\t").slice(2)).toEqual([
    "/etc/nginx/nginx.conf",
    "/etc/nginx",
    "server shop.example.org www.shop.example.org",
    "a server without a name",
    "map $http_upgrade $connection { }",
    "upstream shop_backend { }",
  ]);
});

test("names files that nginx.conf includes and ours would not, with their sites", async () => {
  host.write("/srv/vhosts/a.conf", "server { server_name a.example.org; root /srv/a; }\n");
  host.write("/srv/vhosts/b.conf", "server { server_name b.example.org; root /srv/b; }\n");
  host.write("/etc/nginx/conf.d/c.conf", "server { server_name c.example.org; }\n");
  host.write("/etc/nginx/default.d/app.conf", "location /app { proxy_pass http://[::1]:4000; }\n");
  const found = await obstacles(edited("    include /srv/vhosts/*.conf; include /srv/none/*;"));
  expect(found).toHaveLength(1);
  expect(found[0]).toContain("include /srv/vhosts/*.conf (2 file(s): a.example.org b.example.org)");
  expect(found[0]).toContain("include /etc/nginx/default.d/*.conf (1 file(s))");
  expect(found[0]).not.toContain("c.example.org");
  expect(found[0]).not.toContain("/srv/none");
});

test("opens no file in a directory that another user can write to", async () => {
  host.write("/srv/vhosts/a.conf", "server { server_name a.example.org; root /srv/a; }\n");
  chownSync(host.at("/srv/vhosts"), 5, 60);
  const found = await obstacles(edited("    include /srv/vhosts/*.conf;"));
  expect(found[0]).toContain("include /srv/vhosts/*.conf (1 file(s))");
});

test("ignores a file that a package added to its own default server", async () => {
  host.write("/etc/nginx/default.d/php.conf", "location ~ \\.php$ { fastcgi_pass php; }\n");
  host.write("/rpm-files", "/etc/nginx/nginx.conf\n/etc/nginx/default.d/php.conf\n");
  expect(await obstacles(vendors)).toEqual([]);
  host.write("/etc/nginx/default.d/by-hand.conf", "location /x { return 204; }\n");
  expect((await obstacles(vendors))[0]).toContain(
    "include /etc/nginx/default.d/*.conf (1 file(s))",
  );
});

test("names blocks outside http { }, which ours does not support", async () => {
  const [found] = await obstacles(
    edited("", "stream { server { listen 5432; proxy_pass 10.0.0.1:5432; } }\n"),
  );
  expect(found).toMatch(/\tstream { }$/);
});

test("ignores the sample server of the package's nginx.conf, unless it serves something", async () => {
  const sample = "    server { listen 80; server_name localhost; location / { root html; } }";
  expect(await obstacles(edited(sample))).toEqual([]);
  const status = sample.replace("root html;", "stub_status; allow 127.0.0.1; deny all;");
  expect((await obstacles(edited(status)))[0]).toMatch(/\tserver localhost$/);
});

test("the former server of the same site may be replaced, with its upstream", async () => {
  const site = `
    upstream django { server 127.0.0.1:8001; }
    server { server_name tracks.example.org; location / { uwsgi_pass django; } }`;
  expect(await obstacles(edited(site))).toEqual([]);
  expect((await obstacles(edited(site.replace(".org;", ".org old.example.org;"))))[0]).toMatch(
    /\tserver old\.example\.org\tupstream django { }$/,
  );
});

test("does not take an nginx.conf with unbalanced braces for an empty one", async () => {
  expect((await obstacles(`${vendors}}\n`))[0]).toBe(
    "obstacle\tnginx-conf-unread\t/etc/nginx/nginx.conf\t/etc/nginx",
  );
  expect((await obstacles(edited("    server_tokens 'off;")))[0]).toContain(
    "\tnginx-conf-unread\t",
  );
});

test("reports nothing once nginx.conf is ours", async () => {
  host.write(
    "/var/lib/tracks/records",
    "path /etc/nginx/nginx.conf\ttracks.dev/nginx\tabsent\tx\n",
  );
  expect(await obstacles(edited("    server { server_name shop.example.org; }"))).toEqual([]);
});

const epels = "server {\n  listen 80 default_server;\n  listen [::]:80 default_server;\n}\n";

test.each([
  "listen 80 default_server;",
  "listen *:80 default_server;",
  "listen [::]:80 default_server;",
  "listen 0.0.0.0:80 reuseport default_server;",
])("refuses another default server before anything is changed: %s", async (line) => {
  host.write("/etc/nginx/conf.d/other.conf", `server { ${line} }\n`);
  const said = await survey("listen=80", "default=yes");
  expect(said).toContain(`obstacle\tdefault-server\t80\t/etc/nginx/conf.d/other.conf\t${line}\n`);
  expect(await survey("listen=80", "default=no")).not.toContain("obstacle");
  expect(await survey("listen=8080", "default=yes")).not.toContain("obstacle");
});

test("only reports a default server on one address, or in a file that is not included", async () => {
  host.write("/etc/nginx/conf.d/other.conf", "server { listen 10.0.0.1:80 default_server; }\n");
  host.write("/etc/nginx/old/other.conf", "server { listen 80 default_server; }\n");
  const said = await survey("listen=80", "default=yes");
  expect(said).not.toContain("obstacle");
  expect(said).toContain("conflict\tdefault-server\t80\t/etc/nginx/conf.d/other.conf\t");
  expect(said).toContain("conflict\tdefault-server\t80\t/etc/nginx/old/other.conf\t");
});

test("ignores the package's own default server", async () => {
  host.write("/etc/nginx/conf.d/default.conf", epels);
  host.write("/rpm-files", "/etc/nginx/conf.d/default.conf\n");
  expect(await survey("listen=80", "default=yes")).not.toContain("default-server");
  host.write("/rpm-verify", "S.5....T.  c /etc/nginx/conf.d/default.conf\n");
  expect(await survey("listen=80", "default=yes")).toContain("obstacle\tdefault-server");
});

const sites = "/etc/nginx/sites-enabled";

test.each([
  ["a link in that directory", sites, "../../../root/site.conf"],
  ["a link of root's into that directory", "/srv/sites", "../../../srv/sites/site.conf"],
])(
  "sites that another user can change are read with that user's rights: %s",
  async (_, theirs, target) => {
    host.write("/root/site.conf", "server { listen 80 default_server; }\n", 0o600);
    host.write("/srv/sites/site.conf", "server { listen 80 default_server; }\n", 0o600);
    host.write(`${sites}/keep`, "");
    symlinkSync(target, host.at(`${sites}/site`));
    host.switchUsers();
    expect(await survey("listen=80", "default=yes")).toContain(
      `obstacle\tdefault-server\t80\t${sites}/site\t`,
    );
    chownSync(host.at(theirs), 1, 1);
    expect(await survey("listen=80", "default=yes")).not.toContain("obstacle");
    chmodSync(host.at("/root"), 0o755);
    chmodSync(host.at("/root/site.conf"), 0o644);
    chmodSync(host.at("/srv/sites/site.conf"), 0o644);
    expect(await survey("listen=80", "default=yes")).toContain(
      `obstacle\tdefault-server\t80\t${sites}/site\t`,
    );
  },
);

test("does not wait for a pipe in place of a site", async () => {
  host.write(`${sites}/site`, "server { listen 80 default_server; }\n");
  chownSync(host.at(sites), 1, 1);
  // The user strikes between the search for sites and the look into them.
  const pipe = host.at(`${sites}/site`);
  host.write(
    "/counted/find",
    `#!/bin/sh\n/usr/bin/find "$@"\nrm -f ${pipe}\nmkfifo ${pipe}\n`,
    0o755,
  );
  expect(await survey("listen=80", "default=yes")).not.toContain("obstacle");
  expect(execaSync("stat", ["-c", "%F", pipe]).stdout).toBe("fifo");
});

test("treats a link in place of the package's nginx.conf as edited", async () => {
  host.write("/srv/nginx.conf", edited("    server { server_name shop.example.org; }"));
  rmSync(host.at("/etc/nginx/nginx.conf"));
  symlinkSync("../../srv/nginx.conf", host.at("/etc/nginx/nginx.conf"));
  host.write("/rpm-files", "/etc/nginx/nginx.conf\n");
  host.write("/rpm-verify", "....L....  c /etc/nginx/nginx.conf\n");
  const said = await survey();
  expect(said).toContain("fact nginx-conf foreign");
  expect(said).toMatch(/^obstacle\tnginx-conf\t.*\tserver shop\.example\.org$/m);
});
