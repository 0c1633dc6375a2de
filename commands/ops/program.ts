import { Command } from "commander";
import { exitCodesHelp } from "./exitCodes";
import { addAudit } from "./audit";
import { addCompletion } from "./completion";
import { addCopyData } from "./copyData/command";
import { addData } from "./data";
import { addDoctor } from "./doctor";
import { addLogs } from "./logs";
import { addManage } from "./manage";
import { addRunserver } from "./runserver";
import { addServices } from "./services";
import { addSsh } from "./ssh";
import { addStatus } from "./status";

/** Every verb of `npm run ops`, and its help. */
export function opsProgram(): Command {
  const program = new Command("npm run ops --")
    .description(
      "Day-to-day administration of a deployed site: status, services, logs, manage.py, data. Host, login, paths and secrets come from\nthe stack's settings. For a script: npm run --silent ops -- VERB --json",
    )
    .addHelpText(
      "after",
      `\nExamples:\n  npm run ops -- status\n  npm run ops -- restart --stack production\n  npm run ops -- logs --since 1h --grep error\n${exitCodesHelp}`,
    )
    .showHelpAfterError(
      "(npm run ops -- --help lists the verbs, npm run ops -- VERB --help the options of one)",
    )
    .enablePositionalOptions()
    .exitOverride();
  addStatus(program);
  addServices(program);
  addLogs(program);
  addManage(program);
  addRunserver(program);
  addData(program);
  addCopyData(program);
  addSsh(program);
  addAudit(program);
  addDoctor(program);
  addCompletion(program);
  for (const command of program.commands) command.exitOverride();
  return program;
}
