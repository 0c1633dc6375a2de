import { expect, it, onTestFinished } from "vitest";
import { checkClock, checkDisks, lookAtHost } from "../../../../commands/ops/doctor";
import { checking, type Finding } from "../../../../commands/ops/findings";
import { Deadline } from "../../../../host/ssh/deadline";
import { openSession } from "../../../../host/ssh/session";
import { hostKey, login, server } from "../../preflight/preflightBench";
import { connectionTo } from "../../preflight/preflightServer";
import { operator } from "../../rootConnection";
import { check } from "../../settings/configuration";

const { configuration } = check({ sourceUrl: "https://git.example.org/tracks.git" });

const df = (percent: number) =>
  [
    "Filesystem     1024-blocks     Used Available Capacity Mounted on",
    `/dev/sda1         51343840 21343840  30000000      ${percent}% /`,
    `/dev/sda1         51343840 21343840  30000000      ${percent}% /`,
    "tmpfs              1024000        0   1024000       0% /srv/my disk",
  ].join("\n");

it("takes clocks for equal within a minute, and says which one is ahead", () => {
  expect(checkClock(60_000, 0)).toBe("60 s from this machine's");
  expect(() => checkClock(120_000, 0)).toThrow(/120 s ahead of this machine's.*chronyc makestep/);
  expect(() => checkClock(0, 120_000)).toThrow(/120 s behind this machine's/);
  expect(() => checkClock(NaN, 0)).toThrow("The host does not tell its time");
});

it("names a disk that is nearly full, once", () => {
  expect(checkDisks(df(42))).toBe("/ 42 % used, /srv/my disk 0 % used");
  expect(() => checkDisks(df(93))).toThrow(/^\/ 93 % used: .*tracks:keptReleases/);
});

it("looks at all that a failed check leaves, and tells each in the stack's settings", async () => {
  const host = await server({
    answer: (command) => {
      if (command.includes("sudo ")) {
        return { stderr: "sudo: a password is required\n", exitCode: 1 };
      }
      return command.includes("df ") ? { stdout: df(93) } : undefined;
    },
  });
  const connection = connectionTo(host, hostKey, login, operator());
  const session = await openSession(connection, new Deadline(10));
  onTestFinished(() => {
    session.close();
  });
  const told: Finding[] = [];
  await lookAtHost(
    { connection, configuration, scope: "tracks.production" },
    session,
    checking((finding) => told.push(finding)),
  );
  expect(told.map(({ check: name, isFine }) => [name, isFine])).toEqual([
    ["system", true],
    ["root", false],
    ["forwarding", false],
    ["clock", true],
    ["disk", false],
  ]);
  expect(told[1]?.detail).toContain("pulumi config set --secret tracks:sudoPassword");
});
