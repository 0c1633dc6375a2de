import { expect, it } from "vitest";
import { parseAudit } from "../../../../commands/ops/audit";

it("reads the lines of the audit log, and leaves out what is none", () => {
  const text = [
    "2026-11-28T10:00:00Z tracks.production/nginx-1a2b corrective changed file /etc/nginx/nginx.conf",
    "half a li",
    "2026-11-28T10:05:00Z tracks.dev/services operated stopped nginx",
    "",
  ].join("\n");
  expect(parseAudit(text)).toEqual([
    {
      time: "2026-11-28T10:00:00Z",
      scope: "tracks.production",
      resource: "nginx-1a2b",
      kind: "corrective",
      change: "changed file /etc/nginx/nginx.conf",
    },
    {
      time: "2026-11-28T10:05:00Z",
      scope: "tracks.dev",
      resource: "services",
      kind: "operated",
      change: "stopped nginx",
    },
  ]);
});
