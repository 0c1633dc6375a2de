import { describe, expect, it } from "vitest";
import { parseReport } from "../../../host/facts";
import { problemText } from "../../../host/problem";
import { hostScript } from "../../../host/script/hostScript";

/** Values as the host script prints them, and what the preview says. */
type Told = Readonly<Record<string, readonly [values: readonly string[], text: string]>>;

const conflicts: Told = {
  file: [
    ["/etc/a"],
    "/etc/a\n  found:   a file that this program has not written\n  reason:  up keeps",
  ],
  "nginx-conf": [["/etc/nginx/nginx.conf"], "/etc/nginx/nginx.conf\n  found:   edits by hand\n"],
  "nginx-conf-of": [
    ["/etc/n", "tracks.dev"],
    "/etc/n\n  found:   the configuration of tracks.dev\n",
  ],
  place: [
    ["/microarray/tracks", "git checkout", "/kept", "/shared"],
    "/microarray/tracks\n  found:   a git checkout\n  fix:     copy what the site still needs, such as db.sqlite3 and media, to /shared\n  reason:  up moves it to /kept; destroy restores it.",
  ],
  user: [
    ["deployer", "700", "home=/a shell=/b"],
    "The user deployer exists\n  found:   uid 700, home=/a shell=/b\n",
  ],
  "server-name": [
    ["a.test", "/etc/o"],
    "/etc/o\n  found:   another server that answers to a.test\n",
  ],
  "default-server": [
    ["80", "/etc/o", "listen 80;"],
    "/etc/o\n  found:   another default server on port 80: listen 80;",
  ],
  "uwsgi-of": [["tracks.dev"], "The service uwsgi\n  found:   the service of tracks.dev\n"],
  uwsgi: [
    ["stopped", "/a", "/b"],
    "The service uwsgi\n  found:   /a and /b, stopped\n  reason:  The first up replaces",
  ],
  locale: [
    [],
    "The host has neither the locale C.UTF-8 nor en_US.UTF-8\n  fix:     yum -y install glibc-langpack-en",
  ],
  "firewall-rules": [
    [],
    "firewalld has direct rules\n  fix:     firewall-cmd --direct --get-all-rules",
  ],
  "firewall-silent": [
    ["one", "two"],
    "firewalld does not answer, so no port can be opened\n  reason:  one\n           two",
  ],
};

const keptIncluded = "to /etc/nginx/conf.d/NAME.conf, which stays included";

const obstacles: Told = {
  failure: [["first", "last"], "last\n  found:   first"],
  "own-place": [
    ["/usr/local", "a group or every user"],
    "/usr/local\n  found:   a group or every user can change it, or a directory above it\n  allowed: directories of root",
  ],
  masked: [["nginx"], "The service nginx is masked\n  fix:     systemctl unmask nginx"],
  "nginx-conf-unread": [
    ["/etc/nginx/nginx.conf", "/etc/nginx"],
    `/etc/nginx/nginx.conf\n  found:   braces or quotes that don't match\n  fix:     move the servers of others ${keptIncluded}\n`,
  ],
  "nginx-conf": [
    ["/etc/nginx/nginx.conf", "/etc/nginx", "server a.test", "map $a $b { }"],
    `/etc/nginx/nginx.conf\n  found:   server a.test\n           map $a $b { }\n  fix:     move servers, upstreams, maps and includes ${keptIncluded}\n           delete from /etc/nginx/nginx.conf what`,
  ],
  "default-server": [
    ["80", "/etc/nginx/conf.d/o.conf", "listen 80 default_server;"],
    "/etc/nginx/conf.d/o.conf\n  found:   the default server on port 80: listen 80 default_server;\n",
  ],
  "former-data": [
    ["/shared", "/site/media", "/site/db.sqlite3", "deployer", "new"],
    `A former site runs as the service uwsgi
  found:   its uploads in /site/media
           its database /site/db.sqlite3
  fix:     stop it and copy them, on the host, as root:
             service uwsgi stop && mkdir -p /shared/media && cp -an /site/media/. /shared/media/ && mkdir -p /shared && cp -an /site/db.sqlite3* /shared/ && useradd -m deployer && chown -R deployer: /shared
`,
  ],
};

describe.each([
  ["conflict", "warning", conflicts],
  ["obstacle", "error", obstacles],
] as const)("a line %s of the survey", (word, severity, told) => {
  it.each(Object.entries(told))("is told in parts: %s", (kind, [values, text]) => {
    const { problems } = parseReport("CentOS", [word, kind, ...values].join("\t"));
    expect(problems.map(problemText)).toEqual([expect.stringContaining(text)]);
    expect(problems.map((problem) => problem.severity)).toEqual([severity]);
  });

  it("has words for each kind that the host script knows", () => {
    const lines = hostScript().matchAll(
      new RegExp(`(?:^|[^-\\w])${word} ([a-z-]+)(?: "|$|;)`, "gm"),
    );
    expect(new Set([...lines].map(([, kind]) => kind))).toEqual(new Set(Object.keys(told)));
  });
});

it("an nginx.conf with parts that ours can't have is told what becomes of them", () => {
  const line = ["obstacle", "nginx-conf", "/etc/nginx/nginx.conf", "/etc/nginx"];
  const parts = ["include /etc/nginx/default.d/*.conf (1 file(s))", "stream { }", "streams { }"];
  const [problem] = parseReport("CentOS", [...line, ...parts].join("\t")).problems;
  expect(problem?.fix).toEqual([
    expect.stringContaining("move servers"),
    expect.stringContaining("include it in NginxSite.snippet"),
    "for stream { }, use another program, such as HAProxy, or another host",
    expect.stringContaining("delete from"),
  ]);
});
