import { type Answer, request } from "../../dev/demo/request";

/** What a loop of requests met. */
export interface Requests {
  answered: number;
  /** Everything that was no 200, and what {@link RequestLoop.start}'s `fault` found, in words. */
  failures: string[];
}

/** Requests one after another, each on a connection of its own, until it is stopped. */
export class RequestLoop {
  private running = true;
  private readonly requests: Requests = { answered: 0, failures: [] };
  private readonly finished: Promise<void>;

  private constructor(
    private readonly url: URL,
    private readonly host: string,
    private readonly fault: (answer: Answer) => string | undefined,
  ) {
    this.finished = this.loop();
  }

  /**
   * @param options.host the site's name in the requests; default the URL's
   * @param options.fault what is wrong with an answer whose status is 200; default nothing
   */
  static start(
    url: string,
    options: { host?: string; fault?: (answer: Answer) => string | undefined } = {},
  ): RequestLoop {
    const parsed = new URL(url);
    return new RequestLoop(parsed, options.host ?? parsed.host, options.fault ?? (() => undefined));
  }

  async stop(): Promise<Requests> {
    this.running = false;
    await this.finished;
    return this.requests;
  }

  private async loop(): Promise<void> {
    const { hostname, port, pathname, search } = this.url;
    while (this.running) {
      try {
        const answer = await request(hostname, this.host, pathname + search, {
          port: Number(port || 80),
        });
        const fault = answer.status === 200 ? this.fault(answer) : `status ${answer.status}`;
        if (fault === undefined) this.requests.answered++;
        else this.requests.failures.push(fault);
      } catch (error) {
        this.requests.failures.push(String(error));
      }
    }
  }
}
