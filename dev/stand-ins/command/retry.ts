import { setTimeout as sleep } from "node:timers/promises";
import type { Operation } from "../protocol/resource";

const firstDelay = 100;
const backoff = 1.5;
const longestDelay = 5_000;

/**
 * Tries until it succeeds, as the provider does: repeats after every error, whatever it is,
 * `limit` times after the first try (11 tries for 10, some 11 s of waiting), -1 for no limit.
 */
export async function retry<Result>(
  what: string,
  limit: number,
  operation: Operation,
  attempt: () => Promise<Result>,
): Promise<Result> {
  let delay = firstDelay;
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (limit > -1 && failures + 1 > limit)
        throw new Error(`after ${failures} failed attempts: ${reason}`, { cause: error });
      const bound = limit === -1 ? "inf" : String(limit);
      await operation.log.status(`${what} ${failures + 1}/${bound} failed: retrying`);
    }
    try {
      await sleep(delay, undefined, { signal: operation.signal });
    } catch {
      throw new Error(
        operation.signal.reason instanceof DOMException &&
          operation.signal.reason.name === "TimeoutError"
          ? "context deadline exceeded"
          : "context canceled",
      );
    }
    delay = Math.min(delay * backoff, longestDelay);
  }
}
