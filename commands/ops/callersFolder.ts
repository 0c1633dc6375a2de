import { resolve } from "node:path";

/**
 * Absolute path of a file that was named on the command line: npm starts a command in the folder of
 * package.json, and says in INIT_CWD where the person is.
 */
export function inCallersFolder(
  path: string,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const { INIT_CWD, npm_lifecycle_event: event } = environment;
  // Below another of npm's commands it is where that one was called.
  return resolve(event === "ops" && INIT_CWD ? INIT_CWD : ".", path);
}
