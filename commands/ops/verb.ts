import { Command } from "commander";

/** Options that every verb has. */
export interface StackOption {
  readonly stack?: string;
}

/** What the help of a verb shows. */
export interface VerbHelp {
  /** What it does, as one sentence without a period. */
  readonly does: string;
  /** Arguments of the verb, each one example. */
  readonly examples: readonly string[];
  /** What a reader should know besides. @default nothing */
  readonly notes?: string;
}

/** Adds a verb to the program. */
export function addVerb(program: Command, name: string, { does, examples, notes }: VerbHelp) {
  const lines = examples.map((example) => `  npm run ops -- ${`${name} ${example}`.trim()}`);
  return program
    .command(name)
    .description(does)
    .option("--stack <name>", "the stack; else the selected one")
    .addHelpText("after", `\nExamples:\n${lines.join("\n")}${notes ? `\n\n${notes}` : ""}`);
}
