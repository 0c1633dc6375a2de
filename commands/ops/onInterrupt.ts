const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Calls `end` at the first Ctrl-C, SIGTERM, or end of the terminal, in place of ending this process. A second one of
 * the same kind ends it.
 *
 * @param end gets the signal
 * @returns gives these signals their usual effect back
 */
export function onInterrupt(end: (signal: NodeJS.Signals) => void): () => void {
  const seen = new Set<NodeJS.Signals>();
  const stop = (): void => {
    for (const signal of signals) process.removeListener(signal, take);
  };
  // Listens on after the first one: execa ends this process where it finds no other listener than its own.
  const take = (signal: NodeJS.Signals): void => {
    if (seen.has(signal)) {
      stop();
      process.kill(process.pid, signal);
      return;
    }
    seen.add(signal);
    end(signal);
  };
  for (const signal of signals) process.on(signal, take);
  return stop;
}
