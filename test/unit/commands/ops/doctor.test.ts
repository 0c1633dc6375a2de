import { expect, it } from "vitest";
import {
  checkClock,
  checkDisks,
  describeFinding,
  type Finding,
  run,
} from "../../../../commands/ops/doctor";
import { HostError } from "../../../../host/ssh/error";

it("takes clocks for equal within a minute, and says which one is ahead", () => {
  expect(checkClock(60_000, 0)).toBe("60 s from this machine's");
  expect(() => checkClock(120_000, 0)).toThrow(/120 s ahead of this machine's.*chronyc makestep/);
  expect(() => checkClock(0, 120_000)).toThrow(/120 s behind this machine's/);
  expect(() => checkClock(NaN, 0)).toThrow("The host does not tell its time");
});

it("names a disk that is nearly full, once", () => {
  const df = (percent: number) =>
    [
      "Filesystem     1024-blocks     Used Available Capacity Mounted on",
      `/dev/sda1         51343840 21343840  30000000      ${percent}% /`,
      `/dev/sda1         51343840 21343840  30000000      ${percent}% /`,
      "tmpfs              1024000        0   1024000       0% /srv/my disk",
    ].join("\n");
  expect(checkDisks(df(42))).toBe("/ 42 % used, /srv/my disk 0 % used");
  expect(() => checkDisks(df(93))).toThrow(/^\/ 93 % used: .*tracks:keptReleases/);
});

it("stops at the first failure, told in the stack's settings", async () => {
  const told: Finding[] = [];
  const error = new HostError("login", {
    subject: "The host refuses you",
    fix: ["correct Connection.user"],
  });
  const isFine = await run(
    [
      ["one", () => "found"],
      ["two", () => Promise.reject(error)],
      ["three", () => "never looked at"],
    ],
    (finding) => told.push(finding),
  );
  expect(isFine).toBe(false);
  expect(told).toEqual([
    { check: "one", isFine: true, detail: "found" },
    {
      check: "two",
      isFine: false,
      detail: "The host refuses you\n  fix:     correct tracks:hostUser",
    },
  ]);
  expect(told.map(describeFinding)).toEqual([
    "ok    one         found",
    "FAIL  two         The host refuses you\n                    fix:     correct tracks:hostUser",
  ]);
});
