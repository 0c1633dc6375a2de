import { join } from "node:path";
import { execa } from "execa";
import type { Deployment } from "./deployment";

const root = join(__dirname, "..", "..");
const program = [join(root, "commands", "bootstrap.mjs"), "commands/ops/cli.ts"];

/** What a verb left behind. */
export interface Ops {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `npm run ops -- WORDS --stack STACK` runs, in the deployment's own folder. */
export function startOps(deployment: Deployment, words: readonly string[], input = "") {
  const [verb = "", ...rest] = words;
  return execa("node", [...program, verb, "--stack", deployment.stack, ...rest], {
    cwd: deployment.folder,
    env: deployment.environment,
    input,
    reject: false,
  });
}

/** The same, to its end. */
export async function ops(deployment: Deployment, ...words: string[]): Promise<Ops> {
  const { exitCode, stdout, stderr } = await startOps(deployment, words);
  return { exitCode, stdout, stderr };
}
