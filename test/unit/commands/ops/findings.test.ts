import { expect, it } from "vitest";
import { checking, describeFinding, type Finding } from "../../../../commands/ops/findings";
import { HostError } from "../../../../host/ssh/error";

it("tells what each check found, a failure in the stack's settings, and hands on the result", async () => {
  const told: Finding[] = [];
  const check = checking((finding) => told.push(finding));
  const error = new HostError("login", {
    subject: "The host refuses you",
    fix: ["correct Connection.user"],
  });
  expect(await check("one", () => "found")).toBe("found");
  expect(await check("two", () => Promise.reject<string>(error))).toBeUndefined();
  expect(
    await check(
      "three",
      () => 3,
      (count) => `${count} of them`,
    ),
  ).toBe(3);
  expect(told).toEqual([
    { check: "one", isFine: true, detail: "found" },
    {
      check: "two",
      isFine: false,
      detail: "The host refuses you\n  fix:     correct tracks:hostUser",
    },
    { check: "three", isFine: true, detail: "3 of them" },
  ]);
  expect(told.map(describeFinding)).toEqual([
    "ok    one         found",
    "FAIL  two         The host refuses you\n                    fix:     correct tracks:hostUser",
    "ok    three       3 of them",
  ]);
});
