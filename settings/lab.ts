import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ProblemParts } from "../host/problem";
import type { ConfigurationSource } from "./read";
import { fullName } from "./schema";

/** Value of `tracks:host` for this machine's lab host with the stack's name. */
export const labHost = "lab";

const labHostFile = z.object({
  address: z.string(),
  port: z.number(),
  hostKey: z.string(),
  identityFile: z.string(),
  users: z.record(
    z.string(),
    z.object({ name: z.string().optional(), password: z.string().optional() }),
  ),
  secrets: z.object({ deployerPassword: z.string() }),
});

/** Description of a lab host, which `dev/lab/host.ts` writes. */
export type LabHostFile = z.infer<typeof labHostFile>;

/** Reads what the lab wrote about the host of this stack; returns a problem where it wrote nothing. */
export function readLabHost(
  source: ConfigurationSource,
): { readonly lab: LabHostFile } | { readonly problem: ProblemParts } {
  const file = join(source.labDirectory, "hosts", source.stack, "host.json");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return { problem: problemOf(source, "no lab host of that name exists") };
  }
  try {
    return { lab: labHostFile.parse(JSON.parse(text)) };
  } catch {
    return { problem: problemOf(source, `${file} is damaged or of another version`) };
  }
}

function problemOf(source: ConfigurationSource, found: string): ProblemParts {
  return {
    subject: fullName("host"),
    given: `"${labHost}"`,
    found,
    allowed: `${labHost} with a lab host named ${source.stack}, or a host of your own`,
    fix: [`npm run lab -- up ${source.stack}`, "or npm run demo"],
  };
}
