import { expect, it } from "vitest";
import { Host } from "../../../host/Host";
import { MockedEngine } from "../mockedEngine";
import { rootConnection } from "../rootConnection";

const engine = new MockedEngine();

it.each([1, 7200, 86_400])("ends a command of the host after %i seconds", async (seconds) => {
  await engine.clear();
  const connection = rootConnection;
  const host = new Host("host", { connection, commandTimeoutSeconds: seconds });
  host.converge("one", { subsystem: "none", entries: [] }, { parent: host });
  expect((await engine.command("one")).inputs.create).toContain(`--timeout ${seconds}`);
});

it.each([0, -1, 0.5, 86_401, NaN])("refuses %d seconds before it sends anything", (seconds) => {
  const connection = rootConnection;
  expect(() => new Host("host", { connection, commandTimeoutSeconds: seconds })).toThrow(
    /^Host "host": commandTimeoutSeconds\n {2}given: {3}\S+\n {2}allowed: a whole number of seconds, 1 to 86400/,
  );
});
