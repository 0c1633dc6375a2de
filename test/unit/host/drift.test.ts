import { expect, it } from "vitest";
import { differencesText } from "../../../host/difference";
import { parseReport } from "../../../host/facts";

const driftIn = (...lines: string[]) =>
  parseReport("", lines.join("\n")).resources.get("nginx-1a2b3c")?.drift;

it("is read with its names, whatever is in them", () => {
  const drift = driftIn(
    "ok site-1a2b3c",
    "drift nginx-1a2b3c\t/etc/nginx/a: b is here\tcontent differs, mode is 0666, not 0644",
    'drift nginx-1a2b3c\tfirewall-port tcp 80\tis "firewalld says:\tno", not "open"',
    "drift nginx-1a2b3c\t\tits last run was interrupted",
    "manifest nginx-1a2b3c",
    " drift nginx-1a2b3c\t/etc/of-the-manifest\tis missing",
  );
  expect(drift).toEqual([
    { name: "/etc/nginx/a: b is here", reason: "content differs, mode is 0666, not 0644" },
    { name: "firewall-port tcp 80", reason: 'is "firewalld says:\nno", not "open"' },
    { name: undefined, reason: "its last run was interrupted" },
  ]);
  expect(differencesText(drift ?? [])).toBe(
    [
      "/etc/nginx/a: b is here: content differs, mode is 0666, not 0644",
      'firewall-port tcp 80: is "firewalld says:',
      'no", not "open"',
      "its last run was interrupted",
    ].join("\n"),
  );
});

// Recorded from host/script/probe.sh as it was before the names.
it("is read without names from a host script of a former version", () => {
  const line =
    'drift nginx-1a2b3c /etc/nginx/nginx.conf: content differs\tservice nginx is "a", not "b"';
  expect(driftIn(line)).toEqual([
    { name: undefined, reason: "/etc/nginx/nginx.conf: content differs" },
    { name: undefined, reason: 'service nginx is "a", not "b"' },
  ]);
});

it("is none where the host has the resource as it was applied", () => {
  expect(driftIn("ok nginx-1a2b3c")).toEqual([]);
  expect(driftIn("ok site-1a2b3c")).toBeUndefined();
});
