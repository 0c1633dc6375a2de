import { CommandError } from "@pulumi/pulumi/automation";

/** Tells a person why a command failed, and has this process exit with 1. */
export function tellFailure(error: unknown): void {
  console.error(reasonOf(error));
  process.exitCode = 1;
}

/** Of a failed call of Pulumi only what it said: the error's own message has that twice, among codes. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof CommandError)) return error.message;
  const [, said = error.message] = /^ stderr: ([^]*?)\n err\?:/m.exec(error.message) ?? [];
  return said.replace(/^Command failed with exit code .*\n/, "").trim();
}
