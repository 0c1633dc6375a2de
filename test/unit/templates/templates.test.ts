import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nginxReopensLogs, renderLogrotate } from "../../../templates/logrotate";
import { renderNginxConf, renderSite } from "../../../templates/nginx";
import { renderRobots } from "../../../templates/robots";
import { renderServicesSudoers } from "../../../templates/sudoers";
import { renderPipConfiguration, renderYumRepository } from "../../../templates/yum";

/** Files that visitors see, and what is put into another file. */
const withoutHeader = ["nginx/index.html.hbs", "robots/robots.txt.hbs", "uwsgi/reopen.sh.hbs"];

const program = "project tracks, stack test";

const site = {
  program,
  site: "tracks",
  serverNames: ["tracks.example.org", "www.tracks.example.org"],
  listenPort: 80,
  defaultServer: true,
  logDirectory: "/etc/nginx/logs/domains/tracks/log",
  documentRoot: "/microarray/html",
  staticRoot: "/microarray/static",
  mediaRoot: "/microarray/media",
  application: undefined,
  snippet: undefined,
};

describe("the first lines of a file on the host", () => {
  it("say who wrote it and what becomes of an edit, except where visitors see it", () => {
    const bare = readdirSync("templates", { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".hbs") && name !== "header.hbs")
      .filter((name) => !/^\{\{> header\}\}\n/.test(readFileSync(`templates/${name}`, "utf8")));
    expect(bare.sort()).toEqual(withoutHeader);
    expect(renderYumRepository(program, { id: "nginx" })).toMatch(
      /^# Written by Pulumi \(project tracks, stack test\)\. The next `pulumi up` overwrites this file; of one\n# that was edited it keeps a copy, whose path it writes to \/var\/lib\/tracks\/audit\.log\.\n\[nginx\]\n/,
    );
  });
});

describe("robots.txt", () => {
  it("is exactly its lines", () => {
    expect(renderRobots(["User-agent: *", "Disallow: /"])).toBe("User-agent: *\nDisallow: /\n");
  });
});

describe("nginx.conf", () => {
  it("matches the reviewed text", () => {
    expect(
      renderNginxConf({
        program,
        user: "nginx",
        workerProcesses: "auto",
        workerConnections: 1024,
        clientMaxBodySizeMegabytes: 32,
      }),
    ).toMatchSnapshot();
  });

  it("includes by relative path only, so that a candidate includes its own files", () => {
    const text = renderNginxConf({
        program,
      user: "nginx",
      workerProcesses: 2,
      workerConnections: 1024,
      clientMaxBodySizeMegabytes: 1,
    });
    expect(text).not.toMatch(/include\s+\//);
  });
});

describe("a site", () => {
  it("matches the reviewed text", () => {
    expect(renderSite(site)).toMatchSnapshot();
  });

  it("adds the trailing slash in Django's location only, and removes none", () => {
    const text = renderSite(site);
    const [before, after] = text.split("location / {");
    expect(before).not.toContain("rewrite");
    expect(after).toContain("rewrite ^(?!/[/\\x5c])([^.]*[^/])$ @@NGINX_VISITED@@$1/ permanent;");
    expect(text.match(/rewrite/g)).toHaveLength(1);
  });

  it.each([
    ["/about", true],
    ["/a/b\\c", true],
    ["/about/", false],
    ["/logo.png", false],
    // Browsers take the rest for a host, and 3232235521 is an address.
    ["//3232235521", false],
    ["/\\3232235521", false],
  ])("redirects %s to a path of its own host or not at all", (uri, redirected) => {
    const pattern = /rewrite (\S+) /.exec(renderSite(site))?.[1] ?? "";
    expect(new RegExp(pattern).test(uri)).toBe(redirected);
  });

  it("listens to IPv6 as to IPv4, where the host has it", () => {
    expect(renderSite(site)).toMatch(/@@IF_IPV6@@listen \[::\]:80 default_server;/);
    expect(renderSite({ ...site, defaultServer: false, listenPort: 8080 })).toMatch(
      /@@IF_IPV6@@listen \[::\]:8080;/,
    );
  });

  it("passes what it does not serve itself to the application, with time for a reload", () => {
    const application = { socket: "127.0.0.1:8001", harakiriSeconds: 30 };
    const [before, after] = renderSite({ ...site, application }).split("location / {");
    expect(before).not.toContain("uwsgi");
    expect(after).toContain("uwsgi_pass 127.0.0.1:8001;");
    expect(after).toContain("uwsgi_read_timeout 90s;");
    expect(after).not.toContain("index.html");
  });

  it("is no default server when another one is", () => {
    expect(renderSite({ ...site, defaultServer: false })).toContain("listen 80;");
  });

  it("ends with the custom directives as they were given", () => {
    const text = renderSite({ ...site, snippet: 'location /old {\n    return 200 "a\nb";\n}\n' });
    expect(text).toContain('\nlocation /old {\n    return 200 "a\nb";\n}\n}');
  });
});

describe("logrotate", () => {
  it("matches the reviewed text", () => {
    expect(
      renderLogrotate({
        program,
        logs: ["/var/log/nginx/*.log"],
        frequency: "daily",
        rotate: 14,
        maxSizeMegabytes: 100,
        createMode: "0640",
        createOwner: "nginx",
        createGroup: "deployer",
        postrotate: nginxReopensLogs,
      }),
    ).toMatchSnapshot();
  });
});

describe("sudo rules", () => {
  it("allow the five actions on each service, and nothing else", () => {
    const rules = renderServicesSudoers({
      program,
      user: "deployer",
      services: ["nginx", "uwsgi"],
      environmentFile: "/etc/tracks/sudo.env",
    })
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(rules.shift()).toBe("Defaults:deployer env_reset, env_file=/etc/tracks/sudo.env");
    expect(rules).toHaveLength(10);
    expect(rules[0]).toBe("deployer ALL=(root) NOPASSWD: /sbin/service nginx start");
    expect(rules.join("\n")).not.toMatch(/\*|NOPASSWD: ALL/);
  });
});

describe("package sources", () => {
  it("writes a repository with signatures checked by default", () => {
    const text = renderYumRepository(program, { id: "nginx", baseurl: "http://mirror.example/el9/" });
    expect(text).toContain(
      "[nginx]\nname=nginx\nbaseurl=http://mirror.example/el9/\nenabled=1\ngpgcheck=1\n",
    );
  });

  it("leaves pip's own settings alone without an argument for pip", () => {
    expect(renderPipConfiguration(program, {})).toBeUndefined();
    expect(renderPipConfiguration(program, { indexUrl: "http://mirror.example/simple" })).toContain(
      "[global]\nindex-url = http://mirror.example/simple\n",
    );
  });
});
