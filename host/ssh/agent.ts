import { createAgent } from "ssh2";
import { agentSocket, type Connection } from "./connection";
import type { Deadline } from "./deadline";
import { HostError } from "./error";

/**
 * Checks that the SSH agent answers and has a key, where one is to be used.
 *
 * A SSH_AUTH_SOCK that nobody listens to is refused even beside a private key: the command
 * provider dials it all the same, and fails at every resource.
 */
export async function checkAgent(connection: Connection, deadline: Deadline): Promise<void> {
  const agents = [connection, connection.bastion]
    .map((login) => login?.identity)
    .filter((identity) => identity?.kind === "agent");
  const paths = new Set(agents.map(agentSocket));
  for (const path of paths) {
    if (path === undefined || path === "") {
      throw new HostError(
        "agent",
        "Host.connection.identity.kind asks for an SSH agent, but SSH_AUTH_SOCK isn't set: start an agent (`eval $(ssh-agent) && ssh-add`), or set Host.connection.identity.socketPath to PATH, its socket.",
      );
    }
    const keys = await countKeys(path, deadline);
    if (keys === undefined)
      throw deadAgent(
        path,
        "start an agent (`eval $(ssh-agent) && ssh-add`), or, where it has another socket, set Host.connection.identity.socketPath to PATH",
      );
    if (keys === 0) {
      throw new HostError(
        "agent",
        `The SSH agent at ${path} has no key: add one with \`ssh-add FILE\`.`,
      );
    }
  }
  const inherited = process.env["SSH_AUTH_SOCK"];
  if (inherited === undefined || inherited === "" || paths.has(inherited)) return;
  if ((await countKeys(inherited, deadline)) === undefined) {
    throw deadAgent(inherited, "run `unset SSH_AUTH_SOCK`, since the login here needs no agent");
  }
}

function deadAgent(path: string, mend: string): HostError {
  return new HostError(
    "agent",
    `No SSH agent answers at ${path}, where SSH_AUTH_SOCK or Host.connection.identity.socketPath points: ${mend}.`,
  );
}

/** How many keys the agent has; undefined when none answers. */
async function countKeys(path: string, deadline: Deadline): Promise<number | undefined> {
  return deadline.race(
    new Promise<number | undefined>((resolve) => {
      createAgent(path).getIdentities((error, keys) => {
        resolve(error ? undefined : (keys?.length ?? 0));
      });
    }),
    () => deadAgent(path, "end it and start another"),
  );
}
