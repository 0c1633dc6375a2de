import { createServer } from "node:net";
import { join } from "node:path";
import { AgentProtocol, utils } from "ssh2";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "../../temporaryFolder";
import type { KeyPair } from "./preflightServer";

/** An SSH agent with one key; its socket's path. */
export async function startAgent(key: KeyPair): Promise<string> {
  const path = join(temporaryFolder("agent", onTestFinished), "socket");
  const parsed = utils.parseKey(key.privateKey);
  if (parsed instanceof Error) throw parsed;
  const server = createServer((socket) => {
    const protocol = new AgentProtocol(false);
    protocol.on("identities", (request) => {
      protocol.getIdentitiesReply(request, [parsed]);
    });
    protocol.on("sign", (request, _key, data) => {
      const signature = parsed.sign(data);
      if (signature instanceof Error) protocol.failureReply(request);
      else protocol.signReply(request, signature);
    });
    socket.on("error", () => undefined);
    socket.pipe(protocol).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    server.close();
  });
  return path;
}
