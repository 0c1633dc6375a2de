/** Receives one line of progress. */
export type OnProgress = (line: string) => void;

/** Option of execa for one of its streams: reports each line that a program prints, and passes it on. */
export function eachLine(tell: OnProgress): (line: unknown) => Generator {
  return function* (line) {
    tell(String(line));
    yield line;
  };
}

/** Runs one step; reports its beginning, and at its end how many seconds it took. */
export async function timed<Result>(
  title: string,
  onProgress: OnProgress,
  work: () => Promise<Result>,
): Promise<Result> {
  onProgress(`${title} ...`);
  const start = performance.now();
  const result = await work();
  onProgress(`${title}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}
