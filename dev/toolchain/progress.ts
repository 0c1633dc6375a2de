/** Gets one line for each thing that is done or has come some way. */
export type OnProgress = (line: string) => void;

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
