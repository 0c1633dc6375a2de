import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { execa } from "execa";
import {
  type AuthContext,
  type Connection as ServerConnection,
  Server,
  type ServerChannel,
  utils,
} from "ssh2";
import { Secret } from "../../../host/secret";
import type { Connection, Identity, Login } from "../../../host/ssh/connection";
import { parsePublicKey, type PublicKey } from "../../../host/ssh/publicKey";
import { answerFollows, framed } from "../../../host/ssh/session";
import { ed25519KeyPair } from "../host/ed25519";

/** A key pair: the private half as text, the public half as the program reads it. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: PublicKey;
}

/** How a command ends. */
export interface Answer {
  stdout?: string;
  stderr?: string;
  exitCode?: number;
}

/** An SSH server on loopback, as obliging as a test wants it. */
export interface TestServer {
  readonly port: number;
  /** Commands that were run, without the frame around each, and with its stdin. */
  readonly commands: { command: string; stdin: string }[];
  /** Who logged in, in that order. */
  readonly users: string[];
  /** TCP connections so far. */
  readonly connections: () => number;
  /** Ends every connection, as a host that reboots. */
  drop(): void;
  close(): Promise<void>;
}

export interface TestServerOptions {
  hostKeys: readonly KeyPair[];
  /** Keys that log in, whatever the user. */
  authorized: readonly KeyPair[];
  /** @default an Enterprise Linux whose shell is this machine's */
  answer?: (command: string, stdin: string) => Answer | undefined;
  /** The shell that commands are handed to. @default "sh" */
  loginShell?: string;
  /** What that shell prints on both streams before anything else, also before SFTP. @default nothing */
  prints?: string;
  /** A shell that ends behind that, with nothing run. @default false */
  runsNothing?: boolean;
  /** And does not end then. @default false */
  lingers?: boolean;
  /** Sessions that may be open at a time on one connection. @default 10 */
  maxSessions?: number;
  /** How long a closed session still counts, as with an sshd that waits for its command; 0 by default. */
  freesSessionsAfterMs?: number;
  /** @default true; `broken` is a subsystem whose program is missing */
  sftp?: boolean | "broken";
  /** Forwards what is asked for. @default false: prohibited, as by `AllowTcpForwarding no` */
  forwarding?: boolean;
}

export function keyPair(type: "ed25519" | "rsa" = "ed25519"): KeyPair {
  const pair = type === "rsa" ? utils.generateKeyPairSync("rsa", { bits: 2048 }) : ed25519KeyPair();
  const publicKey = parsePublicKey(pair.public);
  if (publicKey === undefined) throw new Error(`generated key is unreadable: ${pair.public}`);
  return { privateKey: pair.private, publicKey };
}

export function identityOf(pair: KeyPair): Identity {
  return {
    kind: "key",
    privateKey: new Secret(pair.privateKey),
    passphrase: undefined,
    fingerprint: pair.publicKey.fingerprint,
  };
}

/** A connection to the server as its one authorized key's owner; `change` says what is different. */
export function connectionTo(
  server: TestServer,
  hostKey: KeyPair,
  login: KeyPair,
  change: Partial<Connection> = {},
): Connection {
  const there: Login = {
    address: "127.0.0.1",
    port: server.port,
    user: "root",
    hostKey: hostKey.publicKey,
    identity: identityOf(login),
  };
  return { ...there, privilege: { kind: "root" }, bastion: undefined, ...change };
}

export async function startServer(options: TestServerOptions): Promise<TestServer> {
  const commands: TestServer["commands"] = [];
  const users: string[] = [];
  const clients = new Set<ServerConnection>();
  let connections = 0;
  const server = new Server(
    { hostKeys: options.hostKeys.map((key) => key.privateKey) },
    (client) => {
      connections += 1;
      clients.add(client);
      client.on("close", () => clients.delete(client));
      client.on("error", () => undefined);
      let user = "";
      client.on("authentication", (context) => {
        user = context.username;
        authenticate(context, options.authorized);
      });
      client.on("ready", () => users.push(user));
      let sessions = 0;
      client.on("session", (accept, reject) => {
        if (sessions >= (options.maxSessions ?? 10)) {
          reject();
          return;
        }
        sessions += 1;
        const session = accept();
        session.on("close", () => {
          setTimeout(() => (sessions -= 1), options.freesSessionsAfterMs ?? 0);
        });
        session.on("exec", (acceptExec, _, { command }) => {
          const channel = acceptExec();
          void readAll(channel).then(async (stdin) => {
            const answer = await answerOf(options, command, stdin, commands);
            if (options.lingers === true) channel.write(answer.stdout ?? "");
            else finish(channel, answer);
          });
        });
        if (options.sftp === false) return;
        session.on("subsystem", (acceptSubsystem) => {
          const channel = acceptSubsystem();
          if (options.prints !== undefined) channel.write(options.prints);
          else if (options.sftp !== "broken") serveSftp(channel);
          else
            finish(channel, { stderr: "bash: /wrong/sftp-server: No such file\n", exitCode: 127 });
        });
      });
      if (options.forwarding === true) {
        client.on("tcpip", (accept, reject, { destIP, destPort }) => {
          const socket = connect(destPort, destIP, () => {
            const channel = accept();
            channel.on("error", () => undefined);
            socket.pipe(channel).pipe(socket);
          });
          socket.on("error", () => {
            reject();
          });
        });
      }
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    commands,
    users,
    connections: () => connections,
    drop: () => {
      for (const client of clients) client.end();
    },
    close: async () => {
      server.close();
      await Promise.resolve();
    },
  };
}

function authenticate(context: AuthContext, authorized: readonly KeyPair[]): void {
  if (context.method !== "publickey") {
    context.reject(["publickey"]);
    return;
  }
  const key = authorized.find(
    ({ publicKey }) =>
      publicKey.line === `${context.key.algo} ${context.key.data.toString("base64")}`,
  );
  const parsed = key && utils.parseKey(key.publicKey.line);
  if (parsed === undefined || parsed instanceof Error) context.reject(["publickey"]);
  else if (
    context.signature === undefined ||
    context.blob === undefined ||
    parsed.verify(context.blob, context.signature, context.hashAlgo)
  ) {
    context.accept();
  } else context.reject(["publickey"]);
}

async function readAll(channel: ServerChannel): Promise<string> {
  const chunks: Buffer[] = [];
  channel.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(channel, "end");
  return Buffer.concat(chunks).toString("utf8");
}

function finish(channel: ServerChannel, { stdout = "", stderr = "", exitCode = 0 }: Answer): void {
  channel.write(stdout);
  channel.stderr.write(stderr);
  channel.exit(exitCode);
  channel.end();
}

/** The greeting's answer (SSH_FXP_VERSION), and the end behind the client's. */
function serveSftp(channel: ServerChannel): void {
  channel.once("data", () => channel.write(Buffer.from([0, 0, 0, 5, 2, 0, 0, 0, 3])));
  channel.on("end", () => {
    finish(channel, {});
  });
}

const frame = `${framed([])} `;

/** What the login shell and the command print; the command without its frame is noted. */
async function answerOf(
  options: TestServerOptions,
  line: string,
  stdin: string,
  commands: TestServer["commands"],
): Promise<Answer> {
  const { prints = "", loginShell = "sh" } = options;
  const before = { stdout: prints, stderr: prints };
  if (options.runsNothing === true) return { ...before, exitCode: 1 };
  const command = line.startsWith(frame) ? line.slice(frame.length) : line;
  commands.push({ command, stdin });
  const known = options.answer?.(command, stdin) ?? enterpriseLinux(command);
  const { stdout, stderr, exitCode } =
    known === undefined
      ? await run(loginShell, line, stdin)
      : {
          stdout: `${answerFollows}\n${known.stdout ?? ""}`,
          stderr: `${answerFollows}\n${known.stderr ?? ""}`,
          exitCode: known.exitCode ?? 0,
        };
  return { stdout: prints + stdout, stderr: prints + stderr, exitCode };
}

/** Answers the question for the distribution, which this machine may not have. */
function enterpriseLinux(command: string): Answer | undefined {
  return command.includes("/etc/redhat-release")
    ? { stdout: "release: CentOS Linux release 7.9.2009 (Core)\nbash: /usr/bin/bash\n" }
    : undefined;
}

/** Runs a line as sshd does. */
async function run(shell: string, line: string, stdin: string): Promise<Required<Answer>> {
  const { stdout, stderr, exitCode } = await execa(shell, ["-c", line], {
    input: stdin,
    stripFinalNewline: false,
    reject: false,
  });
  return { stdout, stderr, exitCode: exitCode ?? 255 };
}
