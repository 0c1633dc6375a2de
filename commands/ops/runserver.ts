import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import { Deadline } from "../../host/ssh/deadline";
import { HostError } from "../../host/ssh/error";
import { forward } from "../../host/ssh/forward";
import { type RemoteProcess, startAsRoot } from "../../host/ssh/process";
import type { Session } from "../../host/ssh/session";
import { managed } from "./environment";
import { exitCodes } from "./exitCodes";
import { endLike } from "./passThrough";
import type { Site } from "./site";
import { addVerb, type StackOption } from "./verb";
import { whenLeft } from "./whenLeft";

/** `runserver`: Django's development server on the host, in a browser of this machine. */

interface Options extends StackOption {
  readonly dev?: boolean;
  readonly insecure?: boolean;
  readonly port: number;
  readonly hostPort?: number;
}

/** Seconds that Django may take to listen. */
const startSeconds = 60;

export function addRunserver(program: Command): void {
  addVerb(program, "runserver", {
    does: "run Django's development server on the host, and show it to a browser here",
    examples: ["", "--dev", "--dev --insecure", "--port 9000 --stack production"],
    notes:
      "Not under nginx or uWSGI: by itself, on the host's loopback, through this SSH connection. Ctrl-C ends it, here\nand there. Without --dev it is the production data that you see and change.",
  })
    .option("--dev", "without PRODUCTION: the development settings, and the sqlite file")
    .option("--insecure", "serve static files whatever DEBUG is")
    .option("--port <port>", "port on this machine", port, 8000)
    .option(
      "--host-port <port>",
      "port on the host's loopback; else one that is hardly ever taken",
      port,
    )
    .action((options: Options) =>
      endLike(options.stack, (site, session) => serve(site, session, options)),
    );
}

async function serve(site: Site, session: Session, options: Options): Promise<number> {
  const { dev = false, insecure = false, hostPort = randomPort() } = options;
  const words = ["runserver", ...(insecure ? ["--insecure"] : []), `127.0.0.1:${hostPort}`];
  const type = "dumb";
  const command = await managed(site, session, words, { dev, terminal: type });
  // On a terminal, whose end is the end of all that runs there: the server and its reloader.
  const terminal = { columns: 120, rows: 40, type };
  const remote = await startAsRoot(session, site.connection, command, terminal);
  remote.stdout.pipe(process.stdout, { end: false });
  const ended = remote.ended.catch(() => undefined);
  const proxy = new Proxy(session, site, options, hostPort);
  const forget = whenLeft(session, () => {
    // The key that ends it there.
    remote.stdin.write("\x03");
  });
  try {
    const up = listening(session, hostPort);
    // Who comes too late for the race is not listened to.
    up.catch(() => undefined);
    const isUp = await Promise.race([up.then(() => true), ended.then(() => false)]);
    if (isUp) {
      await proxy.listen();
      console.error(`Open ${proxy.url} in your browser. Ctrl-C ends the server.`);
    }
    return await exitCodeOf(remote);
  } finally {
    proxy.close();
    forget();
  }
}

/** One of the ports that nobody has by right. Another one's server there would be taken for Django's. */
function randomPort(): number {
  return 49_152 + Math.floor(Math.random() * 16_384);
}

async function exitCodeOf({ ended }: RemoteProcess): Promise<number> {
  // Django ends with 0 after Ctrl-C, and so does this.
  return (await ended) ?? exitCodes.done;
}

async function listening(session: Session, hostPort: number): Promise<void> {
  const end = Date.now() + startSeconds * 1000;
  for (;;) {
    try {
      (
        await forward(session, { address: "127.0.0.1", port: hostPort }, new Deadline(10))
      ).destroy();
      return;
    } catch (error) {
      if (!(error instanceof HostError) || error.kind !== "target") throw error;
      if (Date.now() > end) {
        throw new Error(`Django's server does not listen after ${startSeconds} s.`, {
          cause: error,
        });
      }
      await sleep(500);
    }
  }
}

/**
 * Hands a browser's requests to the server on the host.
 *
 * In production Django answers to the site's own names alone, and takes a form only from a page of the
 * same: so requests carry that name, and redirects lead back here.
 */
class Proxy {
  private readonly server = createServer((incoming, outgoing) => {
    this.pass(incoming, outgoing);
  });
  private readonly agent: Agent;

  constructor(
    session: Session,
    private readonly site: Site,
    private readonly options: Options,
    hostPort: number,
  ) {
    const target = { address: "127.0.0.1", port: hostPort };
    this.agent = new Agent({ keepAlive: false });
    this.agent.createConnection = (_, connected) => {
      forward(session, target, new Deadline(10)).then(
        (channel) => connected?.(null, channel),
        (error: unknown) => connected?.(error as Error, undefined as never),
      );
      return undefined;
    };
  }

  get url(): string {
    return `http://localhost:${this.options.port}/`;
  }

  listen(): Promise<void> {
    const { port } = this.options;
    return new Promise((resolve, reject) => {
      this.server.once("error", (error: NodeJS.ErrnoException) => {
        reject(
          error.code === "EADDRINUSE"
            ? new Error(`Port ${port} of this machine is taken: give another with --port.`)
            : error,
        );
      });
      this.server.listen(port, "127.0.0.1", resolve);
    });
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, url, headers } = incoming;
    if (!isOwn(headers.host, this.options.port)) {
      outgoing.writeHead(421, { "content-type": "text/plain" });
      outgoing.end(`This answers to ${this.url} alone.\n`);
      return;
    }
    const name = this.nameFor(headers.host);
    const sent = request(
      { agent: this.agent, method, path: url, headers: renamed(headers, headers.host, name) },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, renamed(answer.headers, name, headers.host));
        answer.pipe(outgoing);
      },
    );
    sent.on("error", (error) => {
      if (!outgoing.headersSent) outgoing.writeHead(502, { "content-type": "text/plain" });
      outgoing.end(`The server on the host does not answer: ${error.message}\n`);
    });
    outgoing.on("close", () => sent.destroy());
    incoming.pipe(sent);
  }

  private nameFor(own: string | undefined): string | undefined {
    const { application } = this.site.configuration;
    const isProduction = application?.uwsgi.production === true && this.options.dev !== true;
    return isProduction ? application.django.proofHost : own;
  }
}

/**
 * Whether a browser asked this machine by its own name. A page of somebody else's, whose name leads to
 * this machine all of a sudden, must not read what is behind.
 */
export function isOwn(host: string | undefined, port: number): boolean {
  return host === `localhost:${port}` || host === `127.0.0.1:${port}`;
}

type Headers = NodeJS.Dict<string | string[]>;

/** Headers in which one host's name stands for another. */
export function renamed(
  headers: Headers,
  from: string | undefined,
  to: string | undefined,
): Headers {
  if (from === undefined || to === undefined) return { ...headers };
  const changed: Headers = { ...headers };
  if (headers["host"] !== undefined) changed["host"] = to;
  for (const name of ["origin", "referer", "location"]) {
    const value = headers[name];
    if (typeof value !== "string") continue;
    changed[name] = value.replace(/^(https?:\/\/)([^/]+)/, (whole, scheme: string, host: string) =>
      host === from ? scheme + to : whole,
    );
  }
  return changed;
}

function port(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1024 && number <= 65_535) return number;
  throw new InvalidArgumentError("A port is a number, 1024 to 65535.");
}
