import { Argument, type Command } from "commander";

/** Options that every verb has. */
export interface StackOption {
  readonly stack?: string;
}

/** An argument that is the name of a stack. */
export class StackArgument extends Argument {}

/** What the help of a verb shows. */
export interface VerbHelp {
  /** What it does, as one sentence without a period. */
  readonly does: string;
  /** Arguments of the verb, each one example. */
  readonly examples: readonly string[];
  /** What a reader should know besides. @default nothing */
  readonly notes?: string;
  /** Whether it takes `--stack`. @default true */
  readonly takesStack?: boolean;
}

/** Adds a verb to the program. */
export function addVerb(
  program: Command,
  name: string,
  { does, examples, notes, takesStack = true }: VerbHelp,
) {
  const lines = examples.map((example) => `  npm run ops -- ${`${name} ${example}`.trim()}`);
  const command = program
    .command(name)
    .description(does)
    .addHelpText("after", `\nExamples:\n${lines.join("\n")}${notes ? `\n\n${notes}` : ""}`);
  return takesStack
    ? command.option("--stack <name>", "the stack; else the selected one")
    : command;
}

/**
 * Has the words behind a verb's own options pass on to another program as they are.
 *
 * A `--stack` among them is refused where the verb has none of its own: whoever wrote it there meant the stack,
 * and the program would run on the selected one.
 */
export function passWordsOn(command: Command): Command {
  return command.passThroughOptions().hook("preAction", () => {
    const { stack } = command.opts<StackOption>();
    if (stack !== undefined || !command.args.some((word) => /^--stack(=|$)/.test(word))) return;
    const verb = `npm run ops -- ${command.name()} --stack NAME`;
    command.error(
      `error: --stack would go to the program on the host here, which would run on the selected stack; write ${verb} ... (also before another --stack, which is the program's)`,
    );
  });
}
