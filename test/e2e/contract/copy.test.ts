import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench";
import type { Declared } from "./declared";

/** What this project relies on of remote.CopyToRemote. */
describe.concurrent("remote.CopyToRemote", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.create("contract-copy");
  });
  afterAll(() => bench.dispose());

  const copy = (source: Record<string, string>, remotePath: string, more = {}): Declared => ({
    type: "copy",
    name: "it",
    args: { connection: { ...bench.connection, ...more }, source, remotePath },
  });

  it("writes a file in place: owner, mode and inode stay, and no other way is atomic", async () => {
    const stack = await bench.stack("file");
    const file = join(bench.folder, "dump");
    await writeFile(file, "x".repeat(3_000_000));
    await stack.apply(copy({ file }, "/srv/new/folder/dump"));
    expect(await bench.onHost("stat -c '%s %a %U' /srv/new/folder/dump")).toBe("3000000 644 root");

    await bench.onHost("chown admin /srv/new/folder/dump; chmod 600 /srv/new/folder/dump");
    const before = await bench.onHost("stat -c '%i %a %U' /srv/new/folder/dump");
    await writeFile(file, "shorter");
    expect(await stack.apply(copy({ file }, "/srv/new/folder/dump"))).toMatch(/~source/);
    expect(await bench.onHost("cat /srv/new/folder/dump")).toBe("shorter");
    expect(await bench.onHost("stat -c '%i %a %U' /srv/new/folder/dump")).toBe(before);
  });

  it("copies a folder under its own name, and one with a final slash as the path", async () => {
    const stack = await bench.stack("folder");
    const folder = join(bench.folder, "site");
    await mkdir(join(folder, "inner"), { recursive: true });
    await writeFile(join(folder, "inner", "page.html"), "page");
    await writeFile(join(folder, "top.txt"), "top");
    await stack.apply(
      copy({ folder }, "/srv/tree"),
      { ...copy({ folder: `${folder}/` }, "/srv/flat"), name: "flat" },
      { ...copy({ text: "words" }, "/srv/text/note"), name: "text" },
    );
    expect(await bench.onHost("cd /srv && find tree flat text -type f | sort")).toBe(
      [
        "flat/inner/page.html",
        "flat/top.txt",
        "text/note",
        "tree/site/inner/page.html",
        "tree/site/top.txt",
      ].join("\n"),
    );
    expect(await bench.onHost("cat /srv/text/note")).toBe("words");
  });

  it("copies nothing for a changed connection alone, and leaves the file on delete", async () => {
    const stack = await bench.stack("connection");
    await stack.apply(copy({ text: "once" }, "/srv/once"));
    await bench.onHost("echo mine >/srv/once");
    expect(await stack.apply(copy({ text: "once" }, "/srv/once", { user: "admin" }))).toMatch(
      /\[diff: ~connection\]/,
    );
    expect(await bench.onHost("cat /srv/once")).toBe("mine");
    await stack.apply(copy({ text: "twice" }, "/srv/once"));
    expect(await bench.onHost("cat /srv/once")).toBe("twice");
    expect((await stack.destroy()).code).toBe(0);
    expect(await bench.onHost("cat /srv/once")).toBe("twice");
  });
});
