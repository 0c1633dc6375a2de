import { expect, it } from "vitest";
import { isLeftInOrder } from "../../../../commands/ci/deployment";
import { readStatus } from "../../../../commands/ops/status";
import { parseReport } from "../../../../host/facts";
import { check } from "../../settings/configuration";

const { configuration } = check();

it.each([
  ["nothing is left", "fact service/nginx enabled running", true],
  ["a run could not undo its changes", "fact interrupted/nginx tracks.production/nginx", false],
  [
    "a run is still at work",
    "fact changing/nginx pid 7 (apply tracks.production/nginx)",
    undefined,
  ],
])("after a failed deployment of which %s on the host", (_, line, restored) => {
  const site = { stack: "production", configuration };
  expect(isLeftInOrder(readStatus(site, parseReport("", line)))).toBe(restored);
});
