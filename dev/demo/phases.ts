/** Runs phases one after another, tells what it is doing and remembers how long each took. */
export class Phases {
  private readonly finished: { title: string; seconds: number }[] = [];

  /**
   * @param work gets a function to report progress with, one line a step
   */
  async run<Result>(
    title: string,
    work: (onProgress: (line: string) => void) => Promise<Result>,
  ): Promise<Result> {
    console.log(`▸ ${title}`);
    const start = performance.now();
    const result = await work((line) => {
      console.log(`  ${line}`);
    });
    this.finished.push({ title, seconds: (performance.now() - start) / 1000 });
    return result;
  }

  /** A line a phase with its seconds, and their sum. */
  table(): string {
    const total = this.finished.reduce((sum, { seconds }) => sum + seconds, 0);
    return [...this.finished, { title: "in all", seconds: total }]
      .map(({ title, seconds }) => `  ${title.padEnd(28)} ${seconds.toFixed(1).padStart(7)} s`)
      .join("\n");
  }
}
