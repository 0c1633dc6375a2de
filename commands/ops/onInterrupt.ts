const signals = ["SIGINT", "SIGTERM"] as const;

/**
 * Calls `end` at the first Ctrl-C, or SIGTERM, in place of ending this process.
 *
 * @returns gives both their usual effect back
 */
export function onInterrupt(end: () => void): () => void {
  for (const signal of signals) process.once(signal, end);
  return () => {
    for (const signal of signals) process.removeListener(signal, end);
  };
}
