import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench, otherHostKey } from "./bench";

/** The ways to log in that the configuration offers, against OpenSSH. */
describe.concurrent("a connection of remote.Command", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.create("contract-login");
  });
  afterAll(() => bench.dispose());

  it("logs in with an agent", async () => {
    const socket = join(bench.folder, "agent.sock");
    const agent = execa("ssh-agent", ["-D", "-a", socket], { stdio: "ignore", reject: false });
    try {
      while (!existsSync(socket)) await sleep(20);
      await execa("ssh-add", ["-q", bench.host.identityFile], { env: { SSH_AUTH_SOCK: socket } });
      const { host, hostKey } = bench.connection;
      const stack = await bench.stack("agent");
      await stack.apply(
        bench.command("it", {
          create: "id -un",
          connection: { host, hostKey, user: "admin", agentSocketPath: socket, dialErrorLimit: 0 },
        }),
      );
      expect((await stack.resource("it"))?.outputs.stdout).toBe("admin");
    } finally {
      agent.kill();
      await agent;
    }
  });

  it("logs in with an RSA key, though a pinned RSA host key is refused for its SHA-1", async () => {
    const file = join(bench.folder, "rsa-key");
    await execa("ssh-keygen", ["-q", "-t", "rsa", "-b", "3072", "-N", "", "-f", file]);
    const key = (await readFile(`${file}.pub`, "utf8")).trim();
    await bench.onHost(`cat >>/root/.ssh/authorized_keys <<<'${key}'`);
    const stack = await bench.stack("rsa");
    const connection = { ...bench.connection, privateKey: await readFile(file, "utf8") };
    await stack.apply(bench.command("it", { create: "id -un", connection }));
    expect((await stack.resource("it"))?.outputs.stdout).toBe("root");

    const pinned = { ...bench.connection, hostKey: bench.host.hostKeyRsa };
    await stack.declare(bench.command("it", { create: "id -un", connection: pinned }));
    const { code, text } = await stack.up();
    expect(code).not.toBe(0);
    expect(text).toMatch(/handshake failed/);
  });

  it("goes through a bastion, whose own host key is pinned too", async () => {
    const stack = await bench.stack("bastion");
    const through = (hostKey: string) => ({
      ...bench.connection,
      proxy: { ...bench.connection, user: "admin", hostKey },
    });
    const from = "echo ${SSH_CONNECTION%% *}";
    await stack.apply(
      bench.command("it", { create: from, connection: through(bench.connection.hostKey) }),
    );
    // The last hop comes from the bastion itself, which here is the host.
    expect((await stack.resource("it"))?.outputs.stdout).toBe(bench.host.address);

    const wrong = through(otherHostKey);
    await stack.declare(bench.command("it", { create: from, connection: wrong }));
    const { code, text } = await stack.up();
    expect(code).not.toBe(0);
    expect(text).toMatch(
      /proxy: after 0 failed attempts: ssh: handshake failed: ssh: host key mismatch/,
    );
  });
});
