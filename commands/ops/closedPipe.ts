/**
 * Keeps this process alive where nobody reads its output any more, as behind `| head -1`: what a verb has begun
 * on a host it must also finish.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}

/**
 * Calls `end` when nobody reads this process's output any more.
 *
 * @returns stops that
 */
export function onUnread(end: () => void): () => void {
  const streams = [process.stdout, process.stderr];
  for (const stream of streams) stream.on("error", end);
  return () => {
    for (const stream of streams) stream.off("error", end);
  };
}
