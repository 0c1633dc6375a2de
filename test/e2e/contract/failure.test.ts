import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench, otherHostKey } from "./bench";

/** What this project relies on of remote.Command when something fails. */
describe.concurrent("a failing remote.Command", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.create("contract-failure");
  });
  afterAll(() => bench.dispose());

  it("saves nothing when create fails, and creates again the next time", async () => {
    const stack = await bench.stack("create");
    const failing = bench.command("it", {
      create: "cat >/dev/null; echo said; echo 'why it failed' >&2; exit 3",
      stdin: "not to be printed",
    });
    await stack.declare(failing);
    for (const attempt of ["first", "second"]) {
      const { code, text } = await stack.up();
      expect(code, attempt).not.toBe(0);
      expect(text, attempt).toContain("exited with status 3");
      expect(text, attempt).toContain("cat >/dev/null; echo said;");
      expect(text, attempt).toContain("why it failed");
      expect(text, attempt).not.toContain("not to be printed");
      expect(await stack.resource("it"), attempt).toBeUndefined();
    }
    expect(await stack.apply(bench.command("it", { create: "true" }))).toMatch(/1 created/);
  });

  it("keeps the old inputs when update fails, and tries again the next time", async () => {
    const stack = await bench.stack("update");
    const commands = { create: "cat", update: "cat; exit 1" };
    await stack.apply(bench.command("it", { ...commands, stdin: "old" }));
    await stack.declare(bench.command("it", { ...commands, stdin: "new" }));
    for (const attempt of ["first", "second"]) {
      const { code, text } = await stack.up();
      expect(code, attempt).not.toBe(0);
      expect(text, attempt).toMatch(/\[diff: ~stdin\]/);
      const kept = await stack.resource("it");
      expect(kept?.inputs.stdin, attempt).toBe("old");
      expect(kept?.outputs.stdout, attempt).toBe("old");
    }
    const fixed = { ...commands, update: "cat" };
    await stack.apply(bench.command("it", { ...fixed, stdin: "new" }));
    expect((await stack.resource("it"))?.outputs.stdout).toBe("new");
  });

  it("stays in the state when delete fails", async () => {
    const stack = await bench.stack("delete");
    await stack.apply(
      bench.command("it", { create: "true", delete: "test -e /root/may-be-deleted" }),
    );
    expect((await stack.destroy()).code).not.toBe(0);
    expect(await stack.resource("it")).toBeDefined();
    await bench.onHost("touch /root/may-be-deleted");
    expect((await stack.destroy()).code).toBe(0);
  });

  it("does not stop what is independent of it, and each failure is reported", async () => {
    const stack = await bench.stack("two");
    await stack.declare(
      bench.command("one", { create: "echo first reason; exit 1" }),
      bench.command("two", { create: "echo second reason; exit 1" }),
      bench.command("three", { create: "true" }),
    );
    const { text } = await stack.up();
    expect(text).toContain("first reason");
    expect(text).toContain("second reason");
    expect(await stack.resource("three")).toBeDefined();
  });

  it("tries 11 times for a dialErrorLimit of 10, host key and login included", async () => {
    const stack = await bench.stack("retry");
    const connection = { ...bench.connection, dialErrorLimit: 10 };
    await stack.declare(
      bench.command("login", {
        create: "true",
        connection: { ...connection, user: "tried-often" },
      }),
      bench.command("hostkey", {
        create: "true",
        connection: { ...connection, hostKey: otherHostKey },
      }),
      bench.command("port", { create: "true", connection: { ...connection, port: 9 } }),
    );
    const { code, text, seconds } = await stack.up();
    expect(code).not.toBe(0);
    expect(seconds).toBeGreaterThan(11);
    expect(text).toMatch(
      /after 10 failed attempts: ssh: handshake failed: ssh: unable to authenticate/,
    );
    expect(text).toMatch(/after 10 failed attempts: ssh: handshake failed: ssh: host key mismatch/);
    expect(text).toMatch(/after 10 failed attempts: dial tcp .*:9: connect: /);
    const attempts = "grep -c 'Invalid user tried-often' /var/log/secure";
    expect(await bench.onHost(attempts)).toBe("11");
  });

  // A host that lost its power never says so: without this an up would wait for ever.
  it("keeps its connection alive, and so finds out that a host died", async () => {
    const stack = await bench.stack("alive");
    await stack.declare(
      bench.command("it", {
        create: "touch /root/under-way; until [ -e /root/seen ]; do sleep 0.2; done",
      }),
    );
    const run = stack.up();
    await bench.onHost("until [ -e /root/under-way ]; do sleep 0.2; done");
    const timers = async () => (await execa("ss", ["-Htno", `dst ${bench.host.address}`])).stdout;
    await expect.poll(timers).toMatch(/:22 +timer:\(keepalive,/);
    await bench.onHost("touch /root/seen");
    expect((await run).code).toBe(0);
  });

  it("tries once for a dialErrorLimit of 0", async () => {
    const stack = await bench.stack("once");
    const connection = { ...bench.connection, user: "tried-once" };
    await stack.declare(bench.command("it", { create: "true", connection }));
    const { text } = await stack.up();
    expect(text).toMatch(/after 0 failed attempts: ssh: handshake failed/);
    expect(await bench.onHost("grep -c 'Invalid user tried-once' /var/log/secure")).toBe("1");
  });

  it("fails without a try on a dead agent, though a private key is given", async () => {
    const stack = await bench.stack("agent");
    await stack.declare(bench.command("it", { create: "true" }));
    const { code, text } = await stack.up({ SSH_AUTH_SOCK: "/nonexistent/agent" });
    expect(code).not.toBe(0);
    expect(text).toContain("dial unix /nonexistent/agent: connect: no such file or directory");
  });

  it("passes no environment that sshd does not accept", async () => {
    const stack = await bench.stack("environment");
    await stack.declare(bench.command("it", { create: "true", environment: { GIVEN: "1" } }));
    const { code, text } = await stack.up();
    expect(code).not.toBe(0);
    expect(text).toContain('could not set environment variable "GIVEN"');
  });

  it("takes a megabyte of short lines, and a line of 64 KiB less one byte", async () => {
    const stack = await bench.stack("output");
    const line = "head -c 65535 /dev/zero | tr '\\0' x; echo";
    await stack.apply(
      bench.command("many", { create: "yes $(printf %0999d 0) | head -n 1000" }),
      bench.command("long", { create: line }),
      bench.command("longer", { create: `${line} | tr -d '\\n'; ${line}`, logging: "none" }),
    );
    const length = async (name: string) =>
      String((await stack.resource(name))?.outputs.stdout).length;
    expect(await length("many")).toBe(1_000_000 - 1);
    expect(await length("long")).toBe(65_535);
    expect(await length("longer")).toBeGreaterThan(131_000);
  });
});
