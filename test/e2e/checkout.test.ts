import { existsSync } from "node:fs";
import { cp, mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeShellEnvironment } from "../../dev/demo/shellEnvironment";
import { devPassphrase } from "../../dev/demo/stacks";
import { cacheFolder } from "../../dev/toolchain/cacheFolder";
import { embeddedEnvironment } from "../../dev/toolchain/embeddedStack";
import { ensureToolchain } from "../../dev/toolchain/toolchain";
import { shellBlock } from "../pages";
import { temporaryFolder } from "../temporaryFolder";
import { cloneInto } from "./clone";
import { atTerminal, type Seat } from "./terminal";

const root = join(__dirname, "../..");

/** The commands that pages show for a checkout, each run as its page has it. */
describe("a checkout", () => {
  const folder = temporaryFolder("checkout", afterAll);
  const lab = join(folder, ".lab");
  const home = join(folder, "home");
  const loggedIn = /[$#] $/;
  let environment: Seat["environment"];
  const type = (lines: string, answers: Seat["answers"] = []) =>
    atTerminal(lines, { folder, environment, answers });

  beforeAll(async () => {
    const toolchain = await ensureToolchain({});
    await cloneInto(folder);
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    environment = {
      ...(await embeddedEnvironment(toolchain, {
        labDirectory: lab,
        lock: { passphrase: devPassphrase },
      })),
      HOME: home,
      TRACKS_CACHE: cacheFolder(),
    };
  });
  afterAll(() => type("npm run lab -- down --all"));

  it("has a lab host, which is made, logged in to and asked from outside", async () => {
    const commands = shellBlock("CONTRIBUTING.md", "npm run lab -- up dev", {
      "dev CMD": "dev uname --nodename",
    });
    const shown = await type(commands, [
      { when: loggedIn, type: "echo logged in as $(id -un); exit" },
      { when: loggedIn, type: "echo logged in as $(id -un); exit" },
    ]);
    expect(shown).toContain("dev answers at ");
    expect(shown).toContain("logged in as root");
    expect(shown).toContain("logged in as admin");
    expect(shown).toMatch(/^dev$/m);
    expect(shown).toContain("nothing is missing");
  });

  it("takes secrets that no screen and no stack file shows", async () => {
    await mkdir(join(home, ".ssh"), { recursive: true });
    await cp(join(lab, "hosts/dev/identity"), join(home, ".ssh/tracks"));
    await execa("pulumi", ["stack", "init", "dev"], { cwd: folder, env: environment });
    const commands = shellBlock("docs/secrets.md", "pulumi config set --secret");
    const shown = await type(commands, [{ when: /value: +$/, type: "correct horse" }]);
    expect(shown).toMatch(/deployerPassword +\[secret\]/);
    expect(shown).toMatch(/privateKey +\[secret\]/);
    expect(shown).not.toMatch(/correct horse|PRIVATE KEY/);
    const file = await readFile(join(folder, "Pulumi.dev.yaml"), "utf8");
    expect(file).toMatch(/tracks:deployerPassword:\n +secure: /);
    expect(file).not.toMatch(/correct horse|PRIVATE KEY/);
  });

  it("works on the demo's stack in a shell that read its file, until the demo is taken down", async () => {
    await writeShellEnvironment("dev", strings(environment), lab);
    environment = { HOME: home, TRACKS_CACHE: cacheFolder(), TRACKS_LAB_DIR: undefined };
    const commands = shellBlock("README.md", "source .lab/env.dev");
    const shown = await type(commands, [{ when: loggedIn, type: "exit" }]);
    // With the secrets of the test before, by which it logged in.
    expect(shown).toMatch(/Resources:\n +\+ \d+ to create/);
    expect(shown).toContain("Removed the demo's hosts and their stacks");
    expect(existsSync(join(lab, "hosts/dev"))).toBe(false);
    expect(existsSync(join(lab, "env.dev"))).toBe(false);
  });
});

function strings(environment: Seat["environment"]): Record<string, string> {
  const given = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[0] !== "HOME",
  );
  return Object.fromEntries(given);
}
