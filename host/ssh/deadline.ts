/** A moment at which waiting ends. */
export class Deadline {
  private readonly end: number;

  /** @param seconds from now */
  constructor(readonly seconds: number) {
    this.end = Date.now() + seconds * 1000;
  }

  /**
   * Returns the promise's result, or throws the error when the deadline passes first. It then clears the
   * timer, which would keep the program alive.
   */
  async race<T>(promise: Promise<T>, late: () => Error): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const passed = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => {
          reject(late());
        },
        Math.max(0, this.end - Date.now()),
      );
    });
    try {
      return await Promise.race([promise, passed]);
    } finally {
      clearTimeout(timer);
    }
  }
}
