/** What a loop of requests met. */
export interface Requests {
  answered: number;
  /** Everything that was no 200, in words. */
  failures: string[];
}

/** Requests one after another, each on a connection of its own, until it is stopped. */
export class RequestLoop {
  private running = true;
  private readonly requests: Requests = { answered: 0, failures: [] };
  private readonly finished: Promise<void>;

  private constructor(url: string) {
    this.finished = this.loop(url);
  }

  static start(url: string): RequestLoop {
    return new RequestLoop(url);
  }

  async stop(): Promise<Requests> {
    this.running = false;
    await this.finished;
    return this.requests;
  }

  private async loop(url: string): Promise<void> {
    while (this.running) {
      try {
        const response = await fetch(url, { headers: { connection: "close" } });
        await response.arrayBuffer();
        if (response.status === 200) this.requests.answered++;
        else this.requests.failures.push(`status ${response.status}`);
      } catch (error) {
        this.requests.failures.push(String(error));
      }
    }
  }
}
