import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { manifest, PrivateRoot } from "./privateRoot";

/** Files of somebody else's in which one piece is ours: every other byte of them stays. */
let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});
const bytes = (path: string): string => readFileSync(host.at(path)).toString("latin1");
const writeBytes = (path: string, content: string): void => {
  host.write(path, "");
  writeFileSync(host.at(path), Buffer.from(content, "latin1"));
};
/** The copy of a file as it was, which the output names. */
function kept(stdout: string, path: string): string {
  const [, copy] = new RegExp(`kept ${path} as it was before: (/\\S+)`).exec(stdout) ?? [];
  expect(copy, stdout).toBeDefined();
  return bytes(copy ?? "");
}

describe("an ini file", () => {
  const conf = "/etc/yum.conf";
  const ours = "proxy=http://proxy:3128";
  const apply = () =>
    host.apply(
      manifest(
        "p",
        "packages",
        "setting @@YUM_CONF@@ section=main key=proxy",
        "| http://proxy:3128",
      ),
    );

  it.each([
    ["without a newline at its end", "[main]\ngpgcheck=1", `[main]\n${ours}\ngpgcheck=1`],
    ["of a section's line only", "[main]", `[main]\n${ours}`],
    ["with CRLF", "[main]\r\ngpgcheck=1\r\n", `[main]\r\n${ours}\r\ngpgcheck=1\r\n`],
    ["with CRLF and our key", "[main]\r\nproxy = x\r\na=b", `[main]\r\n${ours}\r\na=b`],
    ["with our key in its last line", "[main]\na=b\nproxy=x", `[main]\na=b\n${ours}`],
    ["with bytes of another encoding", "# \xfc\xff\n[main]\n", `# \xfc\xff\n[main]\n${ours}\n`],
    [
      "with a value of several lines above",
      "[main]\nexclude=a*\n  b*\n  proxy=c\n",
      `[main]\n${ours}\nexclude=a*\n  b*\n  proxy=c\n`,
    ],
    ["with our key twice", "[main]\nproxy=a\nproxy=b\n", `[main]\nproxy=a\n${ours}\n`],
    ["with a colon for the sign", "[main]\nproxy: a=b\n", `[main]\n${ours}\n`],
    ["without the section", "[other]\na=b", `[other]\na=b\n[main]\n${ours}`],
    ["without the section, with CRLF", "[o]\r\na=b\r\n", `[o]\r\na=b\r\n[main]\r\n${ours}\r\n`],
    ["without anything", "", `[main]\n${ours}\n`],
  ])("%s keeps every byte of others, and is what it was after remove", async (_, before, after) => {
    writeBytes(conf, before);
    const run = await apply();
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(bytes(conf)).toBe(after);
    expect(kept(run.stdout, conf)).toBe(before);
    expect((await host.removeResource("p")).code).toBe(0);
    // Spaces around the sign, and which sign it was, are not remembered.
    expect(bytes(conf)).toBe(before.replace("proxy = x", "proxy=x").replace("proxy: a", "proxy=a"));
  });

  it("is edited where a link of it leads", async () => {
    host.write("/etc/dnf/dnf.conf", "[main]\n", 0o640);
    symlinkSync("dnf/dnf.conf", host.at(conf));
    expect((await apply()).code).toBe(0);
    expect(host.linkTarget(conf)).toBe("dnf/dnf.conf");
    expect(host.read("/etc/dnf/dnf.conf")).toBe(`[main]\n${ours}\n`);
    expect(host.ownership("/etc/dnf/dnf.conf")).toBe("root root 640");
    expect(readdirSync(host.at("/etc/dnf"))).toEqual(["dnf.conf"]);
  });

  it("is not opened in a directory that another user may write", async () => {
    mkdirSync(host.at("/home/games"));
    chownSync(host.at("/home/games"), 5, 60);
    host.write("/home/games/yum.conf", "[main]\n");
    symlinkSync("../home/games/yum.conf", host.at(conf));
    const run = await apply();
    expect(run.code).toBe(1);
    expect(run.reason).toContain(
      "/etc/yum.conf is the file /home/games/yum.conf, in a directory that games may write",
    );
    expect(host.read("/home/games/yum.conf")).toBe("[main]\n");
  });

  it("whose value has several lines is left alone", async () => {
    const content = "[main]\nproxy=a\n  b\n";
    host.write(conf, content);
    const run = await apply();
    expect(run.reason).toContain('the value of "proxy" in [main] has several lines');
    expect(host.read(conf)).toBe(content);
  });
});
