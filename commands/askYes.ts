import { createInterface } from "node:readline/promises";

/**
 * Asks the person at the terminal a question that only `yes` agrees to.
 *
 * @param output where the question is shown
 */
export async function askYes(question: string, output: NodeJS.WritableStream): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output });
  try {
    const answer = await terminal.question(question);
    return answer.trim().toLowerCase() === "yes";
  } finally {
    terminal.close();
  }
}
