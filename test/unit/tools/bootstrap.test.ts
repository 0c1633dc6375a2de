import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

let clone: string;

/** Takes a while, and leaves as much of esbuild as a program without types needs. */
const npm = `#!/bin/sh
echo begin >>calls
rm -rf node_modules
sleep 0.5
mkdir -p node_modules/esbuild
echo 'exports.transformSync = (code) => ({ code });' >node_modules/esbuild/index.js
echo end >>calls
exit "$(cat status 2>/dev/null || echo 0)"
`;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "tracks-clone-"));
  mkdirSync(join(clone, "tools"));
  mkdirSync(join(clone, "bin"));
  cpSync(join(__dirname, "../../../tools/bootstrap.mjs"), join(clone, "tools", "bootstrap.mjs"));
  writeFileSync(join(clone, "bin", "npm"), npm, { mode: 0o755 });
  writeFileSync(join(clone, "package-lock.json"), "{}");
  writeFileSync(join(clone, "program.ts"), 'console.log("ran", process.argv[2]);');
});
afterEach(() => {
  rmSync(clone, { recursive: true, force: true });
});

async function bootstrap(argument: string): Promise<{ code: unknown; said: string }> {
  const words = [join(clone, "tools", "bootstrap.mjs"), "program.ts", argument];
  const child = spawn(process.execPath, words, {
    env: { ...process.env, PATH: `${join(clone, "bin")}:${process.env["PATH"] ?? ""}` },
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, "close")) as unknown[];
  return { code, said };
}

const calls = (): string => readFileSync(join(clone, "calls"), "utf8");

it("installs once, however many commands begin at the same time", async () => {
  const runs = await Promise.all(["one", "two", "three"].map(bootstrap));
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
  for (const [index, name] of ["one", "two", "three"].entries()) {
    expect(runs[index]?.said).toContain(`ran ${name}\n`);
  }
  expect(calls()).toBe("begin\nend\n");
  expect(runs.filter(({ said }) => said.includes("waiting for it"))).toHaveLength(2);
});

it("takes over from a command that died while it installed", async () => {
  writeFileSync(join(clone, ".installing"), String(2 ** 22 + 1));
  expect(await bootstrap("x")).toMatchObject({ code: 0 });
  expect(calls()).toBe("begin\nend\n");
});

it("ends with npm's own exit code when npm fails, and lets the next one try", async () => {
  writeFileSync(join(clone, "status"), "7");
  const failed = await bootstrap("x");
  expect(failed.code).toBe(7);
  expect(failed.said).not.toContain("ran");
  writeFileSync(join(clone, "status"), "0");
  expect(await bootstrap("x")).toMatchObject({ code: 0 });
});
