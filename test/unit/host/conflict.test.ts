import { describe, expect, it } from "vitest";
import { conflictOf } from "../../../host/conflict";
import { parseReport } from "../../../host/facts";
import { problemText, warningOf } from "../../../host/problem";
import { hostScript } from "../../../host/script/hostScript";

/** Conflicts as the host script prints them, and what the preview says. */
const told: Readonly<Record<string, readonly [values: readonly string[], text: string]>> = {
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

describe("a conflict on the host", () => {
  it.each(Object.entries(told))("is told in parts: %s", (kind, [values, text]) => {
    expect(problemText(warningOf(conflictOf([kind, ...values])))).toContain(text);
    const { problems } = parseReport("CentOS", ["conflict", kind, ...values].join("\t"));
    expect(problems.map(problemText)).toEqual([expect.stringContaining(text)]);
  });

  it("has words for each kind that the host script knows", () => {
    const kinds = [...hostScript().matchAll(/(?:^|[^-\w])conflict ([a-z-]+)(?: "|$|;)/gm)];
    expect(new Set(kinds.map(([, kind]) => kind))).toEqual(new Set(Object.keys(told)));
  });
});
