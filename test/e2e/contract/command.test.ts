import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench";

/** What this project relies on of remote.Command while all goes well. */
describe.concurrent("remote.Command", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.create("contract-command");
  });
  afterAll(() => bench.dispose());

  it("previews without a connection and creates with one, by the login shell, without a terminal", async () => {
    const stack = await bench.stack("create");
    await stack.declare(
      bench.command("it", {
        connection: { ...bench.connection, host: "192.0.2.1" },
        create: "true",
      }),
    );
    const preview = await stack.preview();
    expect(preview.text).toMatch(/\+ 2 to create/);
    expect(preview.code).toBe(0);

    const print = `cat; test -t 0 || echo no terminal; echo "$0 $USER"; printf 'err\\n\\n' >&2`;
    await stack.apply(bench.command("it", { create: print, stdin: "given\n" }));
    const { id, outputs } = (await stack.resource("it")) ?? {};
    expect(id).toMatch(/^it[0-9a-f]{8}$/);
    expect(outputs).toMatchObject({
      stdout: "given\nno terminal\nbash root",
      stderr: "err\n",
    });
  });

  it("changes nothing and does not connect when nothing changed", async () => {
    const stack = await bench.stack("same");
    const it = bench.command("it", { create: "echo run >>/root/same", delete: "true" });
    await stack.apply(it);
    expect(await stack.apply(it)).toMatch(/2 unchanged/);
    const preview = await stack.preview();
    expect(preview.text).toMatch(/2 unchanged/);
    expect(await bench.onHost("cat /root/same")).toBe("run");
  });

  it("runs `update` for any other input, and `create` where there is none", async () => {
    const stack = await bench.stack("update");
    const both = {
      create: "cat >>/root/both; echo create >>/root/both",
      update: "cat >>/root/both; echo update >>/root/both",
    };
    const one = { create: "cat >>/root/one; echo create >>/root/one" };
    await stack.apply(
      bench.command("both", { ...both, stdin: "1 " }),
      bench.command("one", { ...one, stdin: "1 " }),
    );
    const before = await stack.resource("both");
    const printed = await stack.apply(
      bench.command("both", { ...both, stdin: "2 " }),
      bench.command("one", { ...one, stdin: "2 " }),
    );
    expect(printed).toMatch(/\[diff: ~stdin\]/);
    expect(printed).toMatch(/~ 2 updated/);
    expect(await bench.onHost("cat /root/both /root/one")).toBe(
      "1 create\n2 update\n1 create\n2 create",
    );
    expect((await stack.resource("both"))?.id).toBe(before?.id);

    const connection = { ...bench.connection, dialErrorLimit: 1 };
    const moved = await stack.apply(
      bench.command("both", { ...both, stdin: "2 ", connection }),
      bench.command("one", { ...one, stdin: "2 " }),
    );
    expect(moved).toMatch(/\[diff: ~connection\]/);
    expect(await bench.onHost("tail -n 1 /root/both")).toBe("2 update");
    expect(await bench.onHost("wc -l </root/both")).toBe("3");
  });

  it("replaces on changed triggers: the new one's create first, the old one's delete then", async () => {
    const stack = await bench.stack("triggers");
    const args = {
      create: "echo create $(cat) >>/root/triggers",
      update: "echo update >>/root/triggers",
      delete: "echo delete $(cat) >>/root/triggers",
    };
    await stack.apply(bench.command("it", { ...args, triggers: [1], stdin: "old" }));
    const printed = await stack.apply(
      bench.command("it", { ...args, triggers: [2], stdin: "new" }),
    );
    expect(printed).toMatch(/1 replaced/);
    expect(await bench.onHost("cat /root/triggers")).toBe("create old\ncreate new\ndelete old");
  });

  it("deletes with the connection and the input that the state holds", async () => {
    const stack = await bench.stack("delete");
    const args = { create: "true", delete: "echo $(id -un) $(cat) >/tmp/contract-deleted" };
    const connection = { ...bench.connection, user: "admin" };
    await stack.apply(bench.command("it", { ...args, connection, stdin: "old" }));
    const elsewhere = { ...bench.connection, user: "nobody-knows" };
    await stack.declare(bench.command("it", { ...args, connection: elsewhere, stdin: "new" }));
    const { code, text } = await stack.destroy("--run-program");
    expect(text).toMatch(/- 2 deleted/);
    expect(code).toBe(0);
    expect(await bench.onHost("cat /tmp/contract-deleted")).toBe("admin old");
  });

  it("shows a changed input as lines, and leaves out a change that is ignored", async () => {
    const stack = await bench.stack("diff");
    const it = (update: string, stdin: string, ignoreChanges: string[]) =>
      bench.command("it", { create: "true", update, stdin }, { options: { ignoreChanges } });
    await stack.apply(it("true", "same\nold\n", []));

    await stack.declare(it("true", "same\nnew\n", []));
    const { text } = await stack.preview("--diff");
    expect(text).toMatch(/^ +same$/m);
    expect(text).toMatch(/^ +- old$/m);
    expect(text).toMatch(/^ +\+ new$/m);

    await stack.declare(it("true # 2", "same\nold\n", ["update"]));
    expect((await stack.preview("--expect-no-changes")).code).toBe(0);
    const drifted = await stack.apply(it("true # 2", "same\nold\n", []));
    expect(drifted).toMatch(/\[diff: ~update\]/);
    expect(drifted).toMatch(/1 updated/);
    await stack.declare(it("true # 3", "same\nold\n", ["update"]));
    expect((await stack.preview("--expect-no-changes")).code).toBe(0);
  });

  it("never sees drift: refresh takes the state as it is", async () => {
    const stack = await bench.stack("refresh");
    const create = "cat >/root/drifted; echo run >>/root/refresh; echo made";
    await stack.apply(bench.command("it", { create, stdin: "content" }));
    await bench.onHost("rm /root/drifted");
    const { code, text } = await stack.refresh();
    expect(text).toMatch(/2 unchanged/);
    expect(code).toBe(0);
    expect(await bench.onHost("cat /root/refresh")).toBe("run");
    expect((await stack.resource("it"))?.outputs.stdout).toBe("made");
  });

  it("is not stopped by a custom timeout", async () => {
    const stack = await bench.stack("timeout");
    await stack.apply(
      bench.command(
        "it",
        { create: "sleep 3; echo done" },
        { options: { customTimeouts: { create: "1s" } } },
      ),
    );
    expect((await stack.resource("it"))?.outputs.stdout).toBe("done");
  });
});
