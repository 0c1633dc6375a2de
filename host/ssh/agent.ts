import { createAgent } from "ssh2";
import { agentSocket, type Connection } from "./connection";
import type { Deadline } from "./deadline";
import { HostError } from "./error";

/**
 * Checks that the SSH agent answers and has a key, where a login uses one.
 *
 * Refuses a SSH_AUTH_SOCK that nobody listens to even when the login has a private key: the command
 * provider dials it all the same, and fails at every resource.
 */
export async function checkAgent(connection: Connection, deadline: Deadline): Promise<void> {
  const agents = [connection, connection.bastion]
    .map((login) => login?.identity)
    .filter((identity) => identity?.kind === "agent");
  const paths = new Set(agents.map(agentSocket));
  for (const path of paths) {
    if (path === undefined || path === "") {
      throw new HostError("agent", {
        subject: "The login needs an SSH agent",
        given: "no private key",
        found: "SSH_AUTH_SOCK is not set",
        fix: [startAgent, otherSocket],
      });
    }
    const keys = await countKeys(path, deadline);
    if (keys === undefined) throw deadAgent(path, startAgent, otherSocket);
    if (keys === 0) {
      throw new HostError("agent", {
        subject: `The SSH agent at ${path} has no key`,
        fix: ["ssh-add FILE"],
      });
    }
  }
  const inherited = process.env["SSH_AUTH_SOCK"];
  if (inherited === undefined || inherited === "" || paths.has(inherited)) return;
  if ((await countKeys(inherited, deadline)) === undefined) {
    throw deadAgent(inherited, "unset SSH_AUTH_SOCK   (this login needs no agent)");
  }
}

const startAgent = "eval $(ssh-agent) && ssh-add   (starts an agent)";

const otherSocket = "or set Connection.agentSocketPath to PATH   (the socket of another agent)";

function deadAgent(path: string, ...fix: string[]): HostError {
  return new HostError("agent", {
    subject: `No SSH agent answers at ${path}`,
    given: "this path, by SSH_AUTH_SOCK or Connection.agentSocketPath",
    fix,
  });
}

/** How many keys the agent has; undefined when none answers. */
async function countKeys(path: string, deadline: Deadline): Promise<number | undefined> {
  return deadline.race(
    new Promise<number | undefined>((resolve) => {
      createAgent(path).getIdentities((error, keys) => {
        resolve(error ? undefined : (keys?.length ?? 0));
      });
    }),
    () => deadAgent(path, "stop this agent and start another"),
  );
}
