import { askYes } from "../askYes";
import { exitCodes } from "./exitCodes";

/** What a verb is about to do that somebody should agree to. */
export interface Consequences {
  /** What happens, as whole sentences. */
  readonly does: string;
  /** How it is undone, or that it can't be. */
  readonly undo: string;
}

/**
 * Says what will happen, and asks unless that was answered beforehand.
 *
 * @returns false where it must not happen; the exit code is set then
 */
export async function confirm(
  { does, undo }: Consequences,
  { yes = false }: { yes?: boolean },
): Promise<boolean> {
  console.error(`${does}\n${undo}`);
  return yes || ask("add --yes to do it");
}

/**
 * Says what will happen, and asks a person at the terminal, whatever was answered beforehand.
 *
 * @returns false where it must not happen; the exit code is set then
 */
export async function confirmInPerson({ does, undo }: Consequences): Promise<boolean> {
  console.error(`${does}\n${undo}`);
  return ask("--yes does not answer this question; run it at a terminal");
}

async function ask(otherwise: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    console.error(`Nobody is there to be asked, and nothing was done: ${otherwise}.`);
    process.exitCode = exitCodes.usage;
    return false;
  }
  if (await askYes("Go on? Type yes: ", process.stderr)) return true;
  console.error("Nothing was done.");
  process.exitCode = exitCodes.declined;
  return false;
}
