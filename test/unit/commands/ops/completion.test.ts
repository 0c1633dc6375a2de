import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bashCompletion } from "../../../../commands/ops/completion";
import { opsProgram } from "../../../../commands/ops/program";

const program = opsProgram();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tracks-it's a folder-"));
  for (const stack of ["dev", "production"])
    writeFileSync(join(folder, `Pulumi.${stack}.yaml`), "");
  writeFileSync(join(folder, "Pulumi.$(touch expanded).yaml"), "");
  writeFileSync(join(folder, "Pulumi.`touch expanded`.yaml"), "");
  writeFileSync(join(folder, "ops.bash"), bashCompletion(program, folder));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function inBash(code: string, ...words: string[]): string {
  const lines = 'source "$1" || exit; shift; eval "$code"';
  const file = join(folder, "ops.bash");
  const { stdout, stderr } = execaSync("bash", ["-uc", lines, "bash", file, ...words], {
    env: { code },
  });
  expect(stderr).toBe("");
  return stdout;
}

/** What bash would offer for the last of the words. */
function completed(...words: string[]): string[] {
  const code = [
    'COMP_WORDS=(ops "$@") COMP_CWORD=$#',
    "_ops ops",
    'printf "%s\\n" ${COMPREPLY[@]+"${COMPREPLY[@]}"}',
  ].join("\n");
  return inBash(code, ...words)
    .split("\n")
    .filter((line) => line !== "");
}

it("is what bash asks for the words of ops", () => {
  expect(inBash("complete -p ops")).toBe("complete -o default -F _ops ops");
});

it("runs the program in its own folder, with the words as they are", () => {
  const npm = 'npm() { printf "%s|" "$@"; }; ops "$@"';
  expect(inBash(npm, "ssh", "echo", "two words")).toBe(
    `run|--silent|--prefix|${folder}|ops|--|ssh|echo|two words|`,
  );
});

it("completes every verb, and every option of each", () => {
  const names = program.commands.map((command) => command.name());
  expect(completed("")).toEqual(names);
  for (const command of program.commands) {
    const options = command.options.map(({ long }) => long);
    expect(completed(command.name(), "--")).toEqual([...options, "--help"]);
  }
});

it.each([
  [["re"], ["restart", "reload"]],
  [["--he"], ["--help"]],
  [
    ["restart", ""],
    ["uwsgi", "nginx", "all"],
  ],
  [["restart", "n"], ["nginx"]],
  [
    ["restart", "--stack", ""],
    ["dev", "production"],
  ],
  [["restart", "--stack", "dev", "u"], ["uwsgi"]],
  [["logs", "--grep", ""], []],
  [["copy-data", "p"], ["production"]],
  [
    ["copy-data", "production", "--exclude", "admin.logentry", ""],
    ["dev", "production"],
  ],
  [["copy-data", "production", "dev", "--no"], ["--no-scrub"]],
  [["completion", ""], ["bash"]],
  [["no-such-verb", ""], []],
])("%j: offers %j", (words, offered) => {
  expect(completed(...words)).toEqual(offered);
});

it("runs nothing that stands in the name of a file", () => {
  const file = join(folder, "expanded");
  inBash(
    'cd -- "$1"; shift; COMP_WORDS=(ops "$@") COMP_CWORD=$#; _ops ops',
    folder,
    "restart",
    "--stack",
    "",
  );
  expect(existsSync(file)).toBe(false);
});

it("leaves the words of another program to bash", () => {
  expect(completed("manage", "check", "--")).toEqual([]);
  expect(completed("ssh", "ls", "-")).toEqual([]);
});
