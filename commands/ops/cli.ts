import { CommanderError } from "commander";
import { tellFailure } from "../failure";
import { outliveReaders } from "./closedPipe";
import { exitCodes } from "./exitCodes";
import { opsProgram } from "./program";

/** `npm run ops`: what an administrator does with a deployed site, one verb each. */
async function main(): Promise<void> {
  outliveReaders();
  try {
    await opsProgram().parseAsync();
  } catch (error) {
    // commander has said it by then.
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    } else tellFailure(error);
  }
}

void main();
