import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "./connection";
import { Deadline } from "./deadline";
import { type Problem, warningOf } from "../problem";
import { HostError } from "./error";
import { forward, type ForwardingTarget } from "./forward";
import { type PostgresTls, startTls } from "./postgresTls";
import { openSession, type Session } from "./session";

/** Inputs of {@link openTunnel}. */
export interface TunnelOptions {
  /**
   * Port on 127.0.0.1 of this machine. It must be the same in every run: the state holds it as an input
   * of the provider, and another port would be another provider.
   */
  readonly localPort: number;
  /** Where the tunnel leads, as seen from the host. */
  readonly target: ForwardingTarget;
  /** Called once for each reason why a connection failed. */
  readonly warn: (problem: Problem) => void;
  /**
   * Seconds to wait for a local port in use, such as by the program of a run that is just ending.
   *
   * @default 10
   */
  readonly patienceSeconds?: number;
}

/** Seconds for the login at the host, and for one connection through it. */
const connectSeconds = 10;
/** Milliseconds between two tries for the local port. */
const retryInterval = 200;

/**
 * Opens a local port whose connections are forwarded through one SSH connection to the host, for
 * providers, which are processes of their own.
 *
 * The tunnel dials the host at the first connection, and again after the SSH connection was lost. It stays
 * open until {@link Tunnel.close}, and does not keep the program running. It closes a connection that fails,
 * with a warning.
 *
 * @throws {@link HostError} of kind `local-port` when the port stays in use
 */
export async function openTunnel(connection: Connection, options: TunnelOptions): Promise<Tunnel> {
  const server = createServer();
  const tunnel = new Tunnel(connection, options.target, options.warn, server);
  server.on("connection", (socket: Socket) => {
    tunnel.serve(socket);
  });
  await listen(server, options);
  // The server, unlike a socket, would keep the program from ending although nobody connects.
  server.unref();
  return tunnel;
}

/** A way to one target through one SSH connection. */
export class Tunnel {
  private session: Promise<Session> | undefined;
  private tls: PostgresTls | undefined;
  private readonly reported = new Set<string>();

  /** @internal use {@link openTunnel} */
  constructor(
    private readonly connection: Connection,
    private readonly target: ForwardingTarget,
    private readonly warn: TunnelOptions["warn"],
    private readonly server: Server,
  ) {}

  /** Leaves the local port to whoever wants it next, and ends the connections through the tunnel. */
  close(): void {
    this.server.close();
    const { session } = this;
    this.session = undefined;
    session?.then(
      (opened) => {
        opened.close();
      },
      () => undefined,
    );
  }

  /**
   * Sets how connections from now on are encrypted between host and target.
   *
   * The tunnel encrypts, not the client at its local end: there the target's name is 127.0.0.1, which no
   * certificate has, and each provider knows other modes.
   *
   * @param tls undefined for none, as at first
   */
  encrypt(tls: PostgresTls | undefined): void {
    this.tls = tls;
  }

  /** Whether connections are encrypted between host and target. */
  get isEncrypted(): boolean {
    return this.tls !== undefined;
  }

  /**
   * One connection to the target, for this program's own use: without a warning.
   *
   * @throws {@link HostError} that says where it failed; kind `tls-absent` or `tls-refused` when the target
   * does not meet what {@link encrypt} demands
   */
  async connect(): Promise<Duplex> {
    const deadline = new Deadline(connectSeconds);
    const session = await this.dial(deadline);
    try {
      const channel = await forward(session, this.target, deadline);
      return this.tls === undefined ? channel : await startTls(channel, this.tls, deadline);
    } catch (error) {
      // A connection that is silent is lost: the next one dials again.
      if (error instanceof HostError && error.kind === "unreachable") this.hangUp(session);
      throw error;
    }
  }

  /** @internal joins an accepted socket with the target */
  serve(socket: Socket): void {
    socket.unref();
    socket.on("error", () => undefined);
    this.connect().then(
      (channel) => {
        channel.on("error", () => socket.destroy());
        channel.on("close", () => socket.destroy());
        socket.on("close", () => channel.destroy());
        socket.pipe(channel).pipe(socket);
      },
      (error: unknown) => {
        socket.destroy();
        this.report(error);
      },
    );
  }

  private dial(deadline: Deadline): Promise<Session> {
    if (this.session !== undefined) return this.session;
    const session = openSession(this.connection, deadline);
    this.session = session;
    const forget = (): void => {
      if (this.session === session) this.session = undefined;
    };
    session.then((opened) => {
      opened.unref();
      opened.client.once("close", forget);
    }, forget);
    return session;
  }

  private hangUp(session: Session): void {
    this.session = undefined;
    session.close();
  }

  private report(error: unknown): void {
    const { message } = error instanceof Error ? error : new Error(String(error));
    if (this.reported.has(message)) return;
    this.reported.add(message);
    this.warn(warningOf({ subject: "A connection through the tunnel failed", reason: message }));
  }
}

async function listen(
  server: Server,
  { localPort, patienceSeconds = 10 }: TunnelOptions,
): Promise<void> {
  const end = Date.now() + patienceSeconds * 1000;
  for (;;) {
    try {
      await listenOnce(server, localPort);
      return;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "EADDRINUSE")
        throw new HostError("local-port", {
          subject: `The tunnel to PostgreSQL can't listen on 127.0.0.1:${localPort}`,
          fix: ["set PostgresDatabase.tunnelPort to another port, 1024 or higher"],
          reason: message,
        });
      if (Date.now() >= end)
        throw new HostError("local-port", {
          subject: `The tunnel to PostgreSQL can't listen on 127.0.0.1:${localPort}`,
          fix: [
            "wait for the other run of this stack, if there is one",
            "or set PostgresDatabase.tunnelPort to a port that is free on every machine that deploys",
          ],
          reason: `For ${patienceSeconds} s another program has been using that port.`,
        });
      await sleep(retryInterval);
    }
  }
}

async function listenOnce(server: Server, port: number): Promise<void> {
  server.listen(port, "127.0.0.1");
  // Rejects with the event `error`.
  await once(server, "listening");
}
