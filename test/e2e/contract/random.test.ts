import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench";
import type { Declared } from "./declared";

/** What this project relies on of the random provider. */
describe.concurrent("generated secrets", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.create("contract-random");
  });
  afterAll(() => bench.dispose());

  const password = (args: Record<string, unknown>): Declared => ({
    type: "password",
    name: "it",
    args: { length: 32, special: false, ...args },
  });

  it("a password is secret, keeps to its characters, and stays until its keepers change", async () => {
    const stack = await bench.stack("password");
    await stack.apply(password({ minUpper: 3 }));
    const first = await stack.secret("it", "result");
    expect(first).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(first.replace(/[^A-Z]/g, "").length).toBeGreaterThanOrEqual(3);
    expect(await stack.stateText()).not.toContain(first);

    expect(await stack.apply(password({ minUpper: 3 }))).toMatch(/2 unchanged/);
    expect(await stack.apply(password({ minUpper: 3, keepers: { round: "2" } }))).toMatch(
      /1 replaced/,
    );
    expect(await stack.secret("it", "result")).not.toBe(first);
  });

  it("an id is so many bytes in hexadecimal, base64 and decimal, with the prefix", async () => {
    const stack = await bench.stack("id");
    await stack.apply({ type: "id", name: "it", args: { byteLength: 4, prefix: "p-" } });
    const { id, outputs } = (await stack.resource("it")) ?? {};
    expect(outputs?.hex).toMatch(/^p-[0-9a-f]{8}$/);
    const hex = String(outputs?.hex).slice(2);
    expect(outputs?.dec).toBe(`p-${parseInt(hex, 16)}`);
    expect(id).toBe(Buffer.from(hex, "hex").toString("base64url"));
    expect(outputs?.b64Url).toBe(`p-${id ?? ""}`);
  });
});
