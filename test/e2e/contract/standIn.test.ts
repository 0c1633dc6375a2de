import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench";

/** What only the stand-in of the command provider does; passed over where the real one runs. */
describe.concurrent("the stand-in of the command provider", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.create("contract-stand-in");
  });
  afterAll(() => bench.dispose());

  it("connects to no address but a lab host's, as host or as bastion", async (context) => {
    context.skip(!bench.toolchain.standIns, "the real provider is installed");
    const stack = await bench.stack("elsewhere");
    const elsewhere = { ...bench.connection, host: "127.0.0.1" };
    await stack.declare(
      bench.command("host", { create: "true", connection: elsewhere }),
      bench.command("bastion", {
        create: "true",
        connection: { ...bench.connection, proxy: elsewhere },
      }),
    );
    const { code, text } = await stack.up();
    expect(code).not.toBe(0);
    expect(text.match(/^ {4}error: the stand-in .* connects to lab hosts only/gm)).toHaveLength(2);
    expect(text).toContain("127.0.0.1 is none");
  });

  it("names a line of 64 KiB, with which the real one hangs, as the fault that it is", async (context) => {
    context.skip(!bench.toolchain.standIns, "the real provider is installed");
    const stack = await bench.stack("line");
    await stack.declare(
      bench.command("it", { create: "head -c 65536 /dev/zero | tr '\\0' x; echo" }),
    );
    const { code, text } = await stack.up();
    expect(code).not.toBe(0);
    expect(text).toContain("a line of 64 KiB or more");
  });
});
