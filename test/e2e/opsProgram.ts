import { join } from "node:path";
import { execa } from "execa";
import type { Deployment } from "./deployment";

const root = join(__dirname, "..", "..");
const program = ["node", join(root, "commands", "bootstrap.mjs"), "commands/ops/cli.ts"];

/** What a verb left behind. */
export interface Ops {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `npm run ops -- VERB --stack STACK ...` runs, in the deployment's own folder. */
export function startOps(deployment: Deployment, words: readonly string[], input = "") {
  const [command = "", ...args] = commandOf(deployment, words);
  const { folder: cwd, environment: env } = deployment;
  return execa(command, args, { cwd, env, input, reject: false });
}

/** Runs a line of bash with commands `npm run ops -- ...` in it, as one that a verb has printed. */
export async function runLine({ folder: cwd, environment: env }: Deployment, line: string) {
  const [node = "", ...args] = program;
  const npm = `npm() { shift 3; ${[node, ...args].map((word) => `'${word}'`).join(" ")} "$@"; }`;
  return execa("bash", ["-c", `${npm}\n${line}`], { cwd, env, input: "", reject: false });
}

/**
 * The same at a terminal of 80 columns, where somebody types.
 *
 * @param steps what is typed once a text, a regular expression, is shown behind the one before
 * @returns all that the terminal showed, as `stdout`
 */
export async function atTerminal(
  deployment: Deployment,
  words: readonly string[],
  steps: readonly (readonly [shown: string, typed: string])[],
): Promise<Ops> {
  const driver = [join(__dirname, "terminal.py"), JSON.stringify(steps)];
  const { exitCode, stdout, stderr } = await execa(
    "python3",
    [...driver, ...commandOf(deployment, words)],
    { cwd: deployment.folder, env: deployment.environment, stdin: "ignore", reject: false },
  );
  return { exitCode, stdout, stderr };
}

/** The verb that names its stacks itself is given no other. */
function commandOf({ stack }: Deployment, [verb = "", ...rest]: readonly string[]): string[] {
  return [...program, verb, ...(verb === "copy-data" ? [] : ["--stack", stack]), ...rest];
}
