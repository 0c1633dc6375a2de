/** Gets one line for each thing that is done or has come some way. */
export type OnProgress = (line: string) => void;

/** Has each line that a program prints told, and passed on: an option of execa for one of its streams. */
export function eachLine(tell: OnProgress): (line: unknown) => Generator {
  return function* (line) {
    tell(String(line));
    yield line;
  };
}

/** Does one step; tells that it began, and at its end how many seconds it took. */
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
