import { Client } from "ssh2";
import { keyExchange, type Login } from "./connection";
import type { Deadline } from "./deadline";
import { publicKeyOf, type PublicKey } from "./publicKey";
import { type Address, findRoute } from "./route";

/** What is asked for, best first. An RSA key is known under the names of its signatures too. */
const families = [
  ["ssh-ed25519"],
  ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"],
  ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
] as const;

/**
 * The host keys of a server, the best first; nobody logs in for them.
 *
 * Whoever answers can show any key: they count only once compared with the host's own files.
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
      () => new Error(`${target.address}:${target.port} doesn't answer as an SSH server would`),
    );
  } finally {
    client.destroy();
    route.close();
  }
}
