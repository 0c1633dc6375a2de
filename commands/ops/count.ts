import { InvalidArgumentError } from "commander";

/** Reads a number of lines from the command line. */
export function count(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Give a number, 0 to 99999.");
}
