import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PrivateRoot } from "./privateRoot";

/** The stand-ins answer with the real tools' words, and with no others. */
const words = join(__dirname, "words");
const commands = join(__dirname, "commands");
/** Sourced by the others, or no tool of the host's. */
const HELPERS = ["record", "plain-command", "repository"];
const standIns = readdirSync(commands).filter((name) => !HELPERS.includes(name));
const files = readdirSync(words).filter((name) => name !== "README.md");

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

function call(tool: string, ...question: string[]) {
  return execaSync(join(commands, tool), question, {
    extendEnv: false,
    env: { PATH: `${commands}:/usr/bin:/bin`, TRACKS_ROOT: host.root },
    stripFinalNewline: false,
    reject: false,
  });
}

describe.each(files)("words/%s", (file) => {
  const blocks = readFileSync(join(words, file), "utf8")
    .split(/^(?=answer )/m)
    .filter((block) => block.startsWith("answer "))
    .map((block) => block.split("\n").filter((line) => line !== "" && !line.startsWith("#")));

  it("belongs to a stand-in", () => {
    expect(standIns).toContain(file);
  });

  it("names for each answer its versions, its status and its source", () => {
    for (const [answer, source, ...lines] of blocks) {
      expect(answer).toMatch(/^answer [a-z0-9-]+ el=(6|7|8|9|10)(,(6|7|8|9|10))* exit=\d+$/);
      expect(source, answer).toMatch(/^source \S+ \S+/);
      for (const line of lines) expect(line, answer).toMatch(/^(source|out|err)( |$)/);
    }
    expect(blocks).not.toHaveLength(0);
  });

  it("answers each question once for a version", () => {
    const asked = blocks.flatMap(([answer = ""]) => {
      const [, name = "", versions = ""] = answer.split(" ");
      return versions
        .replace("el=", "")
        .split(",")
        .map((version) => `${name} ${version}`);
    });
    expect(new Set(asked).size).toBe(asked.length);
  });

  it("has exactly the answers that the stand-in gives", () => {
    const script = readFileSync(join(commands, file), "utf8");
    const given = [...script.matchAll(/\bsay ([a-z0-9-]+)/g)].map(([, name = ""]) => name);
    const known = blocks.map(([answer = ""]) => answer.split(" ")[1]);
    expect([...new Set(given)].sort()).toEqual([...new Set(known)].sort());
  });
});

describe("a stand-in", () => {
  it.each(standIns)("%s does not answer an option that it does not know", (tool) => {
    expect(call(tool, "--no-such-option").exitCode).toBe(97);
    expect(host.read("/unanswered")).toContain(`${tool} --no-such-option`);
    host.forgetUnanswered();
  });

  it("answers as the version that the test chose", () => {
    host.write("/el", "12\n");
    host.write("/selinux", "Enforcing\n");
    expect(call("getsebool", "httpd_can_network_connect").exitCode).toBe(97);
    expect(host.read("/unanswered")).toContain("for Enterprise Linux 12");
    host.forgetUnanswered();
  });

  it("that has no answer fails the test that asked", async () => {
    host.write("/unanswered", "systemctl frobnicate: no such verb or option\n");
    await expect(host.run(["version"])).rejects.toThrow("systemctl frobnicate");
  });
});
