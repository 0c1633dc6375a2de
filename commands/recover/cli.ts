import { Command } from "commander";
import { checkConfiguration } from "../../settings/configuration";
import { recoverHost } from "./interrupted";
import { endOrphans, findOrphans } from "./orphans";
import { tellFailure } from "../failure";
import { findStack, type Stack, whileSelected } from "./stack";
import { lockDirectories, type LockHolder, proveHoldersDead } from "./stackLock";

/**
 * `npm run recover`: after a deployment that was killed, makes stack and host ready for the next
 * `pulumi up`. Everything is safe to run again, also where nothing was interrupted.
 */

async function recover(options: { stack?: string }): Promise<void> {
  const stack = await findStack(options.stack);
  say("stack", `${stack.name} of ${stack.project}, in ${stack.backendUrl}`);
  const locks = await lockDirectories(stack.backendUrl, stack.project, stack.source.stack);
  say("lock", describeLock(stack, locks === undefined ? undefined : await proveHoldersDead(locks)));
  await endPlugins();
  await endOnHost(stack);
  await whileSelected(stack, async (automation) => {
    if (locks !== undefined) {
      // Somebody may have started a deployment in the meantime; cancel breaks any lock.
      const dead = await proveHoldersDead(locks);
      if (dead.length > 0) await automation.cancel();
      say("cancel", dead.length > 0 ? "the stack is free again" : "not needed");
    }
    say("refresh", "comparing the state with the host");
    // The program runs along: the providers' settings are in no state of an interrupted create.
    await automation.refresh({ runProgram: true, clearPendingCreates: true, color: "never" });
    say("refresh", "the state is as the host is, nothing in it is pending");
  });
  console.log(`\nNow complete the deployment: pulumi up --stack ${stack.name}`);
}

function describeLock({ name }: Stack, holders: readonly LockHolder[] | undefined): string {
  if (holders === undefined) {
    return `whether somebody deploys can't be seen in this backend; if it says that the stack is locked though nobody does, run: pulumi cancel --stack ${name}`;
  }
  if (holders.length === 0) return "nobody holds the stack";
  const who = holders.map(({ pid, username }) => `process ${pid} of ${username}`).join(", ");
  return `held by ${who}, which is dead`;
}

async function endPlugins(): Promise<void> {
  const orphans = await findOrphans();
  await endOrphans(orphans);
  const ended = orphans.map(({ pid, title }) => `${title} (${pid})`).join(", ");
  say("plugins", orphans.length > 0 ? `ended, their engine is gone: ${ended}` : "none was left");
}

async function endOnHost({ project, source }: Stack): Promise<void> {
  const { configuration } = checkConfiguration(source);
  const { connection } = configuration;
  say("host", `asking ${connection.address}; a run that is still at work there is waited for`);
  for (const line of await recoverHost(connection, `${project}.${source.stack}`)) {
    say("host", line);
  }
}

function say(step: string, line: string): void {
  console.log(`${step.padEnd(8)} ${line}`);
}

const program = new Command("npm run recover --")
  .description("After a deployment that was killed: make stack and host ready for pulumi up.")
  .option("--stack <name>", "the stack; else the selected one")
  .action(recover);

program.parseAsync().catch(tellFailure);
