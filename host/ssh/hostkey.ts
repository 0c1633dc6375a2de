import { Client } from "ssh2";
import { keyExchange, type Login } from "./connection";
import type { Deadline } from "./deadline";
import { publicKeyOf, type PublicKey } from "./publicKey";
import { type Address, findRoute } from "./route";

/** Key types to ask for, best first. An RSA key also goes by the names of its signatures. */
const families = [
  ["ssh-ed25519"],
  ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"],
  ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
] as const;

/**
 * The host keys of a server, the best first, without a login.
 *
 * Any machine that answers can show any key: compare them with the host's own files before you trust them.
 *
 * @throws HostError when the server, or the bastion, can't be reached
 */
export async function fetchHostKeys(
  target: Address,
  bastion: Login | undefined,
  deadline: Deadline,
): Promise<PublicKey[]> {
  const keys: PublicKey[] = [];
  for (const family of families) {
    const key = await fetchKey(target, bastion, family, deadline);
    if (key !== undefined) keys.push(key);
  }
  return keys;
}

async function fetchKey(
  target: Address,
  bastion: Login | undefined,
  family: (typeof families)[number],
  deadline: Deadline,
): Promise<PublicKey | undefined> {
  const route = await findRoute(target, bastion, deadline);
  const client = new Client();
  try {
    return await deadline.race(
      new Promise<PublicKey | undefined>((resolve) => {
        const nothing = (): void => {
          resolve(undefined);
        };
        client.on("error", nothing);
        client.once("close", nothing);
        client.connect({
          sock: route.socket,
          username: "nobody",
          algorithms: {
            serverHostKey: [...family],
            kex: keyExchange,
          },
          hostVerifier: (blob: Buffer) => {
            resolve(publicKeyOf(blob));
            return false;
          },
        });
      }),
      () => new Error(`${target.address}:${target.port} doesn't answer like an SSH server`),
    );
  } finally {
    client.destroy();
    route.close();
  }
}
