import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { required, withDefault, withDefaults } from "../../../components/args/argument";
import { checked } from "../../../components/whenKnown";
import { integer } from "../../../host/manifest/value";
import { serverName } from "../../../host/manifest/values";
import { MockedEngine } from "../mockedEngine";

new MockedEngine();

const table = {
  name: required(serverName),
  port: withDefault(integer("a port", 1, 65_535), 80),
};

interface Args {
  name: pulumi.Input<string>;
  port?: pulumi.Input<number>;
}

const later = <T>(value: T) => pulumi.output(Promise.resolve(value));

/** What an output has beside its value: each fails with it. */
interface Settling {
  promise?: () => Promise<unknown>;
  isKnown?: Promise<boolean>;
  isSecret?: Promise<boolean>;
  allResources?: () => Promise<unknown>;
}

/** What a component is given in the end, as it would use it. */
function known(args: Args): Promise<unknown> {
  const use = checked('Site "x"', table, withDefaults(table, args));
  const used = use((values) => values) as unknown as Settling;
  for (const other of [used.isKnown, used.isSecret, used.allResources?.()]) {
    other?.catch(() => undefined);
  }
  return used.promise?.() ?? Promise.resolve(used);
}

describe("arguments that are known only later", () => {
  it("are read like plain ones, with the default for an output without a value", async () => {
    await expect(
      known({ name: later("a.test"), port: later(undefined as never) }),
    ).resolves.toEqual({
      name: "a.test",
      port: 80,
    });
    await expect(known({ name: "a.test", port: later("443" as never) })).resolves.toEqual({
      name: "a.test",
      port: 443,
    });
  });

  it("are refused without their text, which may be a secret", async () => {
    const refusal = known({ name: pulumi.secret("not a name"), port: 1 });
    await expect(refusal).rejects.toThrow(
      /^Site "x" can't take these arguments:\n\n {2}name\n {4}given: {3}the value of an output\n {4}allowed: a host name/,
    );
    await expect(refusal).rejects.not.toThrow(/not a name/);
  });

  it("are refused where a required one has no value", async () => {
    await expect(known({ name: later(undefined as never) })).rejects.toThrow(
      /^Site "x" can't take these arguments:\n\n {2}name\n {4}given: {3}an output without a value\n {4}allowed: a host name/,
    );
  });

  it("don't delay the refusal of a plain one", () => {
    expect(() => known({ name: later("a.test"), port: 0 })).toThrow(
      /port\n {4}given: {3}0\n {4}allowed: a port/,
    );
  });
});
