import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa, execaSync } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";

let clone: string;

/** Takes a while, and leaves as much of sucrase as a program without types needs. */
const npm = `#!/bin/sh
echo added 2 packages
echo begin >>calls
rm -rf node_modules
sleep 0.5
mkdir -p node_modules/sucrase
echo 'exports.transform = (code) => ({ code });' >node_modules/sucrase/index.js
echo '{"version": "0"}' >node_modules/sucrase/package.json
echo end >>calls
status=$(cat status 2>/dev/null || echo 0)
[ "$status" != 0 ] || grep -v '"optional"' package-lock.json >node_modules/.package-lock.json
exit "$status"
`;

/** A lock file as npm writes it, a package a line; npm keeps its own of what it installed. */
function lockFile(...packages: string[]): string {
  return `{"packages": {\n${packages.join("\n")}\n"": {}}}\n`;
}
const package1 = `"node_modules/one": {"version": "1.0.0", "integrity": "sha512-a"},`;
const foreign = `"node_modules/one-darwin": {"version": "1.0.0", "integrity": "sha512-b", "optional": true},`;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "tracks-clone-"));
  mkdirSync(join(clone, "bin"));
  cpSync(join(__dirname, "../../../commands"), join(clone, "commands"), { recursive: true });
  writeFileSync(join(clone, "bin", "npm"), npm, { mode: 0o755 });
  writeFileSync(join(clone, "package-lock.json"), lockFile(package1, foreign));
  writeFileSync(join(clone, "program.ts"), 'console.log("ran", process.argv[2]);');
});
afterEach(() => {
  rmSync(clone, { recursive: true, force: true });
});

async function bootstrap(argument: string) {
  const words = [join(clone, "commands", "bootstrap.mjs"), "program.ts", argument];
  const { exitCode, stdout, all } = await execa(process.execPath, words, {
    env: { PATH: `${join(clone, "bin")}:${process.env["PATH"] ?? ""}` },
    all: true,
    stripFinalNewline: false,
    reject: false,
  });
  return { code: exitCode, stdout, said: all };
}

const calls = (): string => readFileSync(join(clone, "calls"), "utf8");

it("installs once, however many commands begin at the same time, and tells so on stderr", async () => {
  const runs = await Promise.all(["one", "two", "three"].map(bootstrap));
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
  for (const [index, name] of ["one", "two", "three"].entries()) {
    expect(runs[index]?.said).toContain(`ran ${name}\n`);
  }
  expect(calls()).toBe("begin\nend\n");
  expect(runs.map(({ stdout }) => stdout)).toEqual(["ran one\n", "ran two\n", "ran three\n"]);
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

it("installs nothing where npm itself did, less what is for other systems", async () => {
  execaSync(join(clone, "bin", "npm"), { cwd: clone });
  expect(await bootstrap("x")).toMatchObject({ code: 0, said: "ran x\n" });
  expect(calls()).toBe("begin\nend\n");
});

it.each([
  ["another content of a package", package1.replace("sha512-a", "sha512-c")],
  ["one more package", `${package1}\n"node_modules/two": {"version": "2.0.0"},`],
  ["one package less", ""],
])("installs again when the lock file has %s", async (_, packages) => {
  execaSync(join(clone, "bin", "npm"), { cwd: clone });
  writeFileSync(join(clone, "package-lock.json"), lockFile(packages, foreign));
  expect(await bootstrap("x")).toMatchObject({ code: 0 });
  expect(await bootstrap("x")).toMatchObject({ code: 0, said: "ran x\n" });
  expect(calls()).toBe("begin\nend\nbegin\nend\n");
});
