import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench";
import type { Declared } from "./declared";

/** What only the stand-ins of providers do; passed over where the real ones run. */
describe.concurrent("the stand-ins", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.create("contract-stand-in");
  });
  afterAll(() => bench.dispose());

  it("of command connects to no address but a lab host's, as host or as bastion", async (context) => {
    context.skip(!bench.toolchain.standIns, "the real provider is installed");
    const stack = await bench.stack("elsewhere");
    const elsewhere = { ...bench.connection, host: "127.0.0.1" };
    // One after the other: the engine may begin nothing more once one has failed.
    for (const declared of [
      bench.command("host", { create: "true", connection: elsewhere }),
      bench.command("bastion", {
        create: "true",
        connection: { ...bench.connection, proxy: elsewhere },
      }),
    ]) {
      await stack.declare(declared);
      const { code, text } = await stack.up();
      expect(code).not.toBe(0);
      expect(text).toMatch(/^ {4}error: the stand-in .* connects to lab hosts only/m);
      expect(text).toContain("127.0.0.1 is not one of them");
    }
  });

  it("of command refuses a line of 64 KiB, with which the real one hangs", async (context) => {
    context.skip(!bench.toolchain.standIns, "the real provider is installed");
    const stack = await bench.stack("line");
    await stack.declare(
      bench.command("it", { create: "head -c 65536 /dev/zero | tr '\\0' x; echo" }),
    );
    const { code, text } = await stack.up();
    expect(code).not.toBe(0);
    expect(text).toContain("a line of 64 KiB or more");
  });

  it("of postgresql connects to no server but one that only lab hosts lead to", async (context) => {
    context.skip(!bench.toolchain.standIns, "the real provider is installed");
    // As a server of this machine, or a tunnel to some other host.
    let served = "";
    const local = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (data) => (served += data.toString("latin1")));
    }).listen(0, "127.0.0.1");
    await once(local, "listening");
    const stack = await bench.stack("postgres-elsewhere");
    const at = (host: string, port: number): Declared => ({
      type: "server",
      name: host,
      args: { host, port, password: "some-Secret", sslmode: "disable", superuser: false },
    });
    const role = (name: string): Declared => ({ type: "role", name, args: { name } });
    await stack.declare(
      ...[at("127.0.0.1", (local.address() as AddressInfo).port), role("on-loopback")],
    );
    const loopback = await stack.up();
    expect(loopback.code).not.toBe(0);
    expect(loopback.text).toMatch(/lab hosts only, and what listens on .* leads to none/);
    expect(served).toBe("");

    await stack.declare(at("192.0.2.1", 5432), role("elsewhere"));
    const elsewhere = await stack.up();
    expect(elsewhere.code).not.toBe(0);
    expect(elsewhere.text).toMatch(/lab hosts only, and 192\.0\.2\.1 is not one of them/);
    local.close();
  });
});
