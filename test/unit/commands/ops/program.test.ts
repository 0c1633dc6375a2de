import { CommanderError } from "commander";
import { expect, it, vi } from "vitest";
import { opsProgram } from "../../../../commands/ops/program";

const program = opsProgram();

it.each(program.commands.map((command) => [command.name(), command] as const))(
  "%s: has a help with examples, and takes a stack where it is about one",
  (name, command) => {
    let help = "";
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    expect(help).toMatch(new RegExp(`\\nExamples:\\n  npm run ops -- ${name}\\b`));
    const isAboutOne = !["copy-data", "completion"].includes(name);
    expect(/--stack <name> +the stack; else the selected one/.test(help)).toBe(isAboutOne);
  },
);

it("tells its exit codes", () => {
  let help = "";
  program.configureOutput({ writeOut: (text) => (help += text) });
  program.outputHelp();
  expect(help).toMatch(/Exit codes:\n +0 +done[^]* 255 where it was not reached\.\n/);
});

it.each([
  ["a verb that there is not", ["destroy"]],
  ["a service that there is not", ["restart", "sshd"]],
  ["a time that is none", ["logs", "--since", "yesterday"]],
  ["a field that is none", ["copy-data", "production", "dev", "--scrub", "email="]],
  ["a stack to copy from, and none to copy to", ["copy-data", "production"]],
  ["a pattern that is none", ["logs", "--grep", "("]],
])("refuses %s before anything is asked of a stack", async (_, words) => {
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  await expect(opsProgram().parseAsync(words, { from: "user" })).rejects.toThrow(CommanderError);
  said.mockRestore();
});
