import { createConnection } from "node:net";
import {
  type AnyAuthMethod,
  type AuthenticationType,
  type NextAuthHandler,
  type ParsedKey,
  utils,
} from "ssh2";
import type { Hop } from "./connection";

/** SSH login of a hop, prepared once, before the first try. */
export interface Credentials {
  /** Methods in the order of trying them. */
  methods: AnyAuthMethod[];
  /** The only host key to accept; undefined accepts any. */
  hostKey?: ParsedKey;
}

/**
 * Reads keys and finds the agent. An error here is final: it is not tried again.
 *
 * An agent that is set but does not answer is such an error, even with a private key.
 */
export async function readCredentials(hop: Hop): Promise<Credentials> {
  const username = hop.user;
  const methods: AnyAuthMethod[] = [];
  const hostKey = hop.hostKey === undefined ? undefined : parseHostKey(hop.hostKey);
  if (hop.privateKey !== undefined) {
    const key = parsePrivateKey(hop.privateKey, hop.privateKeyPassword);
    methods.push({ type: "publickey", username, key });
  }
  const password = hop.password;
  if (password !== undefined) {
    methods.push({ type: "password", username, password });
    methods.push({
      type: "keyboard-interactive",
      username,
      prompt: (_name, _instructions, _language, prompts, finish) => {
        finish(prompts.map(() => password));
      },
    });
  }
  const agent = hop.agentSocketPath ?? process.env["SSH_AUTH_SOCK"];
  if (agent !== undefined && agent !== "") {
    await reachAgent(agent);
    methods.push({ type: "agent", username, agent });
  }
  return { methods, ...(hostKey === undefined ? {} : { hostKey }) };
}

/**
 * Offers `none` first, and then each method once that the server still accepts.
 *
 * A private key and an agent are the same method for the server, `publickey`: with a private key,
 * the agent's keys are never tried.
 */
export function offerInTurn(
  methods: readonly AnyAuthMethod[],
  username: string,
): {
  handler: (left: AuthenticationType[], partial: boolean, next: NextAuthHandler) => void;
  attempted: string[];
} {
  const attempted: string[] = [];
  return {
    attempted,
    handler: (left, _partial, next) => {
      if (attempted.length === 0) {
        attempted.push("none");
        next({ type: "none", username });
        return;
      }
      const method = methods.find(
        ({ type }) =>
          !attempted.includes(wireName(type)) && left.some((allowed) => allowed === wireName(type)),
      );
      if (method === undefined) {
        // The types of ssh2 don't have it, but its code accepts false for "no method left".
        (next as unknown as (nothing: false) => void)(false);
        return;
      }
      attempted.push(wireName(method.type));
      next(method);
    },
  };
}

function wireName(type: AuthenticationType): string {
  return type === "agent" ? "publickey" : type;
}

function parseHostKey(line: string): ParsedKey {
  const key = utils.parseKey(line.trim());
  if (key instanceof Error) throw new Error("failed to parse host key: ssh: no key found");
  return key;
}

function parsePrivateKey(text: string, passphrase: string | undefined): ParsedKey {
  const key = utils.parseKey(text, passphrase);
  if (!(key instanceof Error)) return key;
  if (passphrase === undefined && /encrypted|passphrase/i.test(key.message))
    throw new Error("ssh: this private key is passphrase protected");
  throw new Error(`ssh: ${key.message}`);
}

async function reachAgent(path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = createConnection(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === "ENOENT"
          ? "no such file or directory"
          : error.code === "ECONNREFUSED"
            ? "connection refused"
            : error.message;
      reject(new Error(`dial unix ${path}: connect: ${reason}`));
    });
  });
}
