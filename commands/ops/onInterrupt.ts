const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Calls `end` at the first Ctrl-C, SIGTERM, or end of the terminal, in place of ending this process.
 *
 * @param end gets the signal
 * @returns gives these signals their usual effect back
 */
export function onInterrupt(end: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of signals) process.once(signal, end);
  return () => {
    for (const signal of signals) process.removeListener(signal, end);
  };
}
