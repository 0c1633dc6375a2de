import { createInterface } from "node:readline";
import { hostReason } from "../../host/ssh/error";
import type { RemoteProcess } from "../../host/ssh/process";
import { inStackKeys } from "../../settings/argumentKeys";

/**
 * Reads what a verb of the host script says on stderr, until its end. That it waits for another run is told a
 * person at once.
 *
 * @returns the other lines, as the reason of a failure
 */
export async function hostErrors({ stderr }: Pick<RemoteProcess, "stderr">): Promise<string> {
  const reason: string[] = [];
  for await (const line of createInterface({ input: stderr, crlfDelay: Infinity })) {
    if (line.startsWith("waiting: ")) console.error(line);
    else reason.push(line);
  }
  return hostReason(inStackKeys(reason.join("\n")));
}
