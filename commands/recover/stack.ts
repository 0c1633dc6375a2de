import { setTimeout as sleep } from "node:timers/promises";
import { CommandError, Stack as AutomationStack } from "@pulumi/pulumi/automation";
import type { ConfigurationSource } from "../../settings/read";
import { type OpenStack, openStack, readSource } from "../workspace";

/** A stack whose settings were read. */
export interface Stack extends OpenStack {
  readonly project: string;
  /** Such as `file:///home/me/.pulumi`. */
  readonly backendUrl: string;
  readonly source: ConfigurationSource;
  /** Name of the stack that commands without `--stack` are about; undefined when there is none. */
  readonly selected: string | undefined;
}

/**
 * Finds the stack that is meant, the one named or else the selected one, and reads its settings.
 *
 * Nobody knows yet whether an engine is at work. The file backend writes a checkpoint's attributes
 * in place: a reader in that moment finds an empty file.
 *
 * @param tries how often to ask, a quarter of a second apart
 */
export async function findStack(named: string | undefined, tries = 8): Promise<Stack> {
  try {
    const stack = await openStack(named);
    const { workspace } = stack;
    const [source, { name: project }, { url = "" }, current] = await Promise.all([
      readSource(stack),
      workspace.projectSettings(),
      workspace.whoAmI(),
      workspace.stack(),
    ]);
    return { ...stack, project, backendUrl: url, source, selected: current?.name };
  } catch (error) {
    if (!(error instanceof CommandError && /^error: .*\bEOF$/m.test(error.message))) throw error;
    if (tries <= 1) {
      throw new Error(
        "Pulumi can't read a stack's checkpoint: EOF\nA kill in the middle of a write leaves this: delete the empty file .pulumi/stacks/PROJECT/STACK.json.attrs below the backend's folder (it holds no state), and run this again.",
        { cause: error },
      );
    }
    await sleep(250);
    return findStack(named, tries - 1);
  }
}

/**
 * Works on a stack by the API, which selects it for that; then the one that was selected is so
 * again.
 */
export async function whileSelected(
  { workspace, name, selected }: Stack,
  work: (stack: AutomationStack) => Promise<void>,
): Promise<void> {
  try {
    await work(await AutomationStack.select(name, workspace));
  } finally {
    if (selected !== undefined && selected !== name) await workspace.selectStack(selected);
  }
}
