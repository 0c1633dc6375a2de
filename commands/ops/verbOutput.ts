import { HostError } from "../../host/ssh/error";
import type { RemoteProcess } from "../../host/ssh/process";
import { hostErrors } from "./hostErrors";

/**
 * Waits for the end of a verb of the host script whose output is used as it comes.
 *
 * @param output what becomes of its stdout
 * @param subject of the error
 * @throws HostError with the host's own words where the verb fails, or its connection is lost
 */
export async function verbOutput<T>(
  remote: Pick<RemoteProcess, "ended" | "stderr">,
  output: Promise<T>,
  subject: string,
): Promise<T> {
  const [exitCode, result, reason] = await Promise.all([remote.ended, output, hostErrors(remote)]);
  if (exitCode === 0) return result;
  throw new HostError("script", { subject, reason });
}
