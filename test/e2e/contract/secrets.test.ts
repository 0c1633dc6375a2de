import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench";

/** By which mark the engine tells a secret in the state. */
const encrypted = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

/** Where the provider keeps a secret secret, and where it does not. */
describe.concurrent("secrets of remote.Command", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.create("contract-secrets");
  });
  afterAll(() => bench.dispose());

  it("the connection is secret as a whole, given as a secret or not", async () => {
    const stack = await bench.stack("connection");
    await stack.apply(bench.command("it", { create: "true" }));
    const { inputs, outputs } = (await stack.resource("it")) ?? {};
    expect(inputs?.connection).toMatchObject(encrypted);
    expect(outputs?.connection).toMatchObject(encrypted);
    const state = await stack.stateText();
    expect(state).not.toContain("PRIVATE KEY");
    expect(state).not.toContain(bench.host.address);
  });

  it("a secret stdin stays out of state, output and errors, and hides its difference", async () => {
    const stack = await bench.stack("stdin");
    const it = (stdin: string, update: string) =>
      bench.command("it", { create: "cat >/dev/null", update, stdin }, { secret: ["stdin"] });
    const made = await stack.apply(it("first-secret\n", "true"));
    const state = await stack.stateText();

    await stack.declare(it("second-secret\n", "cat >/dev/null; exit 1"));
    const preview = await stack.preview("--diff");
    expect(preview.text).toMatch(/~ stdin *: \[secret\]/);
    const failed = await stack.up();
    expect(failed.code).not.toBe(0);
    for (const text of [made, state, preview.text, failed.text, await stack.stateText()])
      expect(text).not.toMatch(/first-secret|second-secret/);
  });

  it("outputs are secret only when the program says so", async () => {
    const stack = await bench.stack("outputs");
    const args = { create: "tr a-z A-Z; echo told >&2", stdin: "secret-word", logging: "none" };
    const options = { additionalSecretOutputs: ["stdout", "stderr"] };
    await stack.apply(
      bench.command("open", args, { secret: ["stdin"] }),
      bench.command("closed", args, { secret: ["stdin"], options }),
    );
    expect((await stack.resource("open"))?.outputs.stdout).toBe("SECRET-WORD");
    const closed = (await stack.resource("closed"))?.outputs;
    expect(closed?.stdout).toMatchObject(encrypted);
    expect(closed?.stderr).toMatchObject(encrypted);
  });

  it("shows what a command prints, unless logging is none", async () => {
    const stack = await bench.stack("logging");
    const args = { create: "echo on-stdout; echo on-stderr >&2" };
    const printed = await stack.apply(
      bench.command("shown", args),
      bench.command("hidden", { create: "echo hidden-line", logging: "none" }),
    );
    expect(printed).toContain("on-stdout");
    expect(printed).toContain("on-stderr");
    expect(printed).not.toContain("hidden-line");
  });
});
