import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";

/** An SSH agent of a test, with one key. */
export interface SshAgent {
  /** Path of its socket, for SSH_AUTH_SOCK. */
  readonly socket: string;
  stop(): Promise<void>;
}

/**
 * @param socket path where nothing is yet
 * @param keyFile private key without a passphrase
 */
export async function startSshAgent(socket: string, keyFile: string): Promise<SshAgent> {
  const agent = execa("ssh-agent", ["-D", "-a", socket], { stdio: "ignore", reject: false });
  while (!existsSync(socket)) await sleep(20);
  await execa("ssh-add", ["-q", keyFile], { env: { SSH_AUTH_SOCK: socket } });
  return {
    socket,
    stop: async () => {
      agent.kill();
      await agent;
    },
  };
}
