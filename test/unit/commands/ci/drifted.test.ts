import { expect, it } from "vitest";
import { driftCount, driftOf } from "../../../../commands/ci/drifted";

const namesIn = (...reason: string[]) =>
  driftOf({ drift: [{ resource: "nginx-efed8b", reason: reason.join("\n") }] })[0]?.names;

// The sentences of host/script/probe.sh and observe.sh.
it.each([
  ["/etc/nginx/nginx.conf: content differs, mode is 0666, not 0644", "/etc/nginx/nginx.conf"],
  ["/etc/nginx/a: b: is missing", "/etc/nginx/a"],
  ["/etc/a belongs to this program now, since the one that owned it was removed", "/etc/a"],
  ['service nginx is "enabled stopped", not "enabled running"', "service nginx"],
  ['setting deployer PS1 is "x", not "y"', "setting deployer PS1"],
  ["the password deployer was changed", "password deployer"],
  [
    "the lines of tracks.production in pg_hba.conf were changed",
    "lines of tracks.production in pg_hba.conf",
  ],
  ["the package git or git-core is not installed", "package git or git-core"],
  ["uwsgi: there is no /usr/bin/python3", "uwsgi"],
  ["its last run was interrupted", "nginx"],
  ["a sentence of tomorrow with hunter2", "nginx"],
])("names in %s only %s", (line, name) => {
  expect(namesIn(line)).toEqual([name]);
});

it("has each name once, and counts them", () => {
  const drift = driftOf({
    drift: [
      { resource: "nginx-efed8b", reason: "/a: content differs\n/b: is missing\n/a: is missing" },
      { resource: "uwsgi-012345", reason: "/c: is missing" },
    ],
  });
  expect(drift).toEqual([
    { resource: "nginx", names: ["/a", "/b"] },
    { resource: "uwsgi", names: ["/c"] },
  ]);
  expect(driftCount(drift)).toBe(3);
});
