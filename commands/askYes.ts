import { createInterface } from "node:readline/promises";

/**
 * Asks the person at the terminal a question that only `yes` agrees to: Ctrl-C, Ctrl-D and the end of the
 * terminal do not.
 *
 * @param output where the question is shown
 */
export async function askYes(question: string, output: NodeJS.WritableStream): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output });
  try {
    const closed = new Promise<undefined>((resolve) => {
      terminal.once("close", () => {
        resolve(undefined);
      });
    });
    // Node rejects at Ctrl-C and Ctrl-D, and at the end of the terminal does neither.
    const answered = terminal.question(question).catch(() => undefined);
    const answer = await Promise.race([answered, closed]);
    if (answer === undefined) output.write("\n");
    return answer?.trim().toLowerCase() === "yes";
  } finally {
    terminal.close();
  }
}
