/** Runs phases one after another, prints what it is doing and records how long each took. */
export class Phases {
  private readonly finished: { title: string; seconds: number }[] = [];

  /**
   * @param work gets a function that prints a line of progress
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

  /** One line per phase with its seconds, and their sum. */
  table(): string {
    const total = this.finished.reduce((sum, { seconds }) => sum + seconds, 0);
    return [...this.finished, { title: "in all", seconds: total }]
      .map(({ title, seconds }) => `  ${title.padEnd(28)} ${seconds.toFixed(1).padStart(7)} s`)
      .join("\n");
  }
}
