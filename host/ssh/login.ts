import type { Duplex } from "node:stream";
import { Client } from "ssh2";
import { clientOptions } from "./connection";
import type { Deadline } from "./deadline";
import { HostError } from "./error";
import { explainLogin, type LoginEndpoint, type LoginFailure, unreachable } from "./loginFailure";
import { publicKeyOf } from "./publicKey";

/**
 * Logs in over a socket, to the server that has the pinned key and to no other.
 *
 * @throws {@link HostError}; the socket is destroyed then
 */
export async function logIn(
  endpoint: LoginEndpoint,
  socket: Duplex,
  deadline: Deadline,
): Promise<Client> {
  const { login } = endpoint;
  const client = new Client();
  const failure: LoginFailure = { offered: undefined, message: "", level: "" };
  try {
    await deadline.race(
      new Promise<void>((resolve, reject) => {
        client.once("ready", resolve);
        // Never removed: an error of a client that nobody listens to would end the program.
        client.on("error", (error: Error & { level?: string }) => {
          failure.message = error.message;
          failure.level = error.level ?? "";
          reject(error);
        });
        client.once("close", () => {
          reject(new Error("closed"));
        });
        client.connect({
          ...clientOptions(login),
          sock: socket,
          hostVerifier: (blob: Buffer) => {
            const offered = publicKeyOf(blob);
            failure.offered = offered;
            return offered?.line === login.hostKey.line;
          },
        });
      }),
      () =>
        new HostError("unreachable", unreachable(endpoint, "it accepts connections, but no login")),
    );
  } catch (error) {
    client.end();
    socket.destroy();
    throw error instanceof HostError ? error : explainLogin(endpoint, failure);
  }
  return client;
}
