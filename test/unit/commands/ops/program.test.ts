import { CommanderError } from "commander";
import { expect, it, vi } from "vitest";
import { opsProgram } from "../../../../commands/ops/program";
import { commandFor } from "../../../../commands/ops/site";

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
  expect(help).toMatch(/Exit codes:\n +0 +done[^]* 255 where it was not reached, or with 141/);
});

it.each([
  ["a verb that there is not", ["destroy"]],
  ["a service that there is not", ["restart", "sshd"]],
  ["a time that is none", ["logs", "--since", "yesterday"]],
  ["a field that is none", ["copy-data", "production", "dev", "--scrub", "email="]],
  ["a stack to copy from, and none to copy to", ["copy-data", "production"]],
  ["a pattern that is none", ["logs", "--grep", "("]],
  ["a stack behind manage.py's words", ["manage", "migrate", "--stack", "production"]],
  ["a stack behind a command for the host", ["ssh", "rm", "x", "--stack=production"]],
  ["a stack behind a file for dumpdata", ["dumpdata", "x.json", "--stack", "production"]],
  ["a stack behind createsuperuser's", ["createsuperuser", "--username", "x", "--stack", "dev"]],
])("refuses %s before anything is asked of a stack", async (_, words) => {
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  await expect(opsProgram().parseAsync(words, { from: "user" })).rejects.toThrow(CommanderError);
  said.mockRestore();
});

it.each<[words: string[], options: object, passedOn: string[]]>([
  [["shell", "-c", "print(1)"], {}, ["-c", "print(1)"]],
  [["createsuperuser", "--dev", "--username", "owl"], { dev: true }, ["--username", "owl"]],
  [["dbshell", "--stack", "dev", "--database=old"], { stack: "dev" }, ["--database=old"]],
  [
    ["ssh", "--stack", "dev", "pulumi", "--stack", "x"],
    { stack: "dev" },
    ["pulumi", "--stack", "x"],
  ],
])("hands what is not its own on to the program: %j", async (words, options, passedOn) => {
  const program = opsProgram();
  const verb = program.commands.find((command) => command.name() === words[0]);
  const action = vi.fn();
  verb?.action(action);
  await program.parseAsync(words, { from: "user" });
  expect(action).toHaveBeenCalledWith(passedOn, options, verb);
});

it("tells commands that it reads itself as they are told", async () => {
  for (const [verb, ...words] of [
    ["manage", "migrate"],
    ["start", "uwsgi"],
    ["logs", "--no-follow"],
  ] as const) {
    const told = commandFor({ stack: "dev" }, verb, ...words)
      .split(" ")
      .slice(4);
    const program = opsProgram();
    const command = program.commands.find((one) => one.name() === verb);
    command?.action(() => undefined);
    await program.parseAsync(told, { from: "user" });
    expect(command?.opts()).toMatchObject({ stack: "dev" });
    expect(command?.args).not.toContain("--stack");
  }
});
