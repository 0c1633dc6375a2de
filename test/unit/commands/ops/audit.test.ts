import { execaSync } from "execa";
import { expect, it } from "vitest";
import { parseAudit, readAuditLog } from "../../../../commands/ops/audit";
import type { CommandResult, Session } from "../../../../host/ssh/session";
import { rootConnection } from "../../rootConnection";

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

/** A host on which root's commands run as these do. */
function answering(exec: (words: readonly string[]) => CommandResult): Session {
  const session: Pick<Session, "exec"> = { exec: (words) => Promise.resolve(exec(words)) };
  return session as Session;
}

it("reads nothing where there is no log yet", async () => {
  const session = answering((words) => {
    const there = words.map((word) => word.replace("/var/lib/tracks", "/var/lib/no-such-folder"));
    const [command = "", ...rest] = there;
    const { exitCode, stdout, stderr } = execaSync(command, rest, { reject: false });
    return { exitCode, stdout, stderr };
  });
  expect(await readAuditLog(session, rootConnection)).toBe("");
});

it("says why the log can't be read, and never that nothing was changed", async () => {
  const stderr = "tail: error reading '/var/lib/tracks/audit.log': Input/output error\n";
  const session = answering(() => ({ exitCode: 1, stdout: "", stderr }));
  await expect(readAuditLog(session, rootConnection)).rejects.toThrow(
    "The audit log on 192.0.2.1 can't be read\n  reason:  tail: error reading '/var/lib/tracks/audit.log': Input/output error",
  );
});
