import { expect, it } from "vitest";
import { driftCount, driftOf } from "../../../../commands/ci/drifted";

it("names what differs, each once, the resource itself without the digest, and counts them", () => {
  const drift = driftOf({
    drift: [
      {
        resource: "nginx-efed8b",
        differences: [
          { name: "/a: b", reason: "content differs" },
          { name: "service nginx", reason: 'is "enabled stopped", not "enabled running"' },
          { name: "/a: b", reason: "mode is 0666, not 0644" },
          { name: undefined, reason: "its last run was interrupted" },
        ],
      },
      { resource: "uwsgi-012345", differences: [{ name: "/c", reason: "is missing" }] },
    ],
  });
  expect(drift).toEqual([
    { resource: "nginx", names: ["/a: b", "service nginx", "nginx"] },
    { resource: "uwsgi", names: ["/c"] },
  ]);
  expect(driftCount(drift)).toBe(4);
});
