import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { devPassphrase } from "../../dev/demo/stacks";
import { embeddedEnvironment } from "../../dev/toolchain/embeddedStack";
import { ensureToolchain } from "../../dev/toolchain/toolchain";
import { keyPair, startServer, type TestServer } from "../unit/preflight/preflightServer";

const bootstrap = join(__dirname, "../../commands/bootstrap.mjs");
const keys = { ed25519: keyPair(), rsa: keyPair("rsa"), bastion: keyPair(), login: keyPair() };

/** `npm run hostkey` in a project folder of its own, against SSH servers on loopback. */
describe("npm run hostkey", () => {
  let folder: string;
  let environment: Record<string, string>;
  let pulumiPath: string;
  let host: TestServer;
  let bastion: TestServer;

  const pulumi = (...args: string[]) =>
    execa(pulumiPath, [...args, "--non-interactive"], { cwd: folder, env: environment });
  const set = (settings: Record<string, string>) => {
    const words = Object.entries(settings).flatMap(([key, value]) => [
      "--plaintext",
      `tracks:${key}=${value}`,
    ]);
    return pulumi("config", "set-all", ...words);
  };
  const stackFile = () => readFile(join(folder, "Pulumi.pin.yaml"), "utf8").catch(() => "");

  /** Runs it at a terminal, where somebody types `answer`; without one, nobody can be asked. */
  async function hostkey(answer: string | undefined, ...args: string[]) {
    const command = [process.execPath, bootstrap, "commands/hostkey.ts", ...args];
    const options = { cwd: folder, env: environment, all: true, reject: false } as const;
    const { exitCode, all } =
      answer === undefined
        ? await execa(process.execPath, command.slice(1), { ...options, stdin: "ignore" })
        : await execa("script", ["-qefc", command.join(" "), "/dev/null"], {
            ...options,
            input: `${answer}\n`,
          });
    return { exitCode, text: all };
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tracks-hostkey-"));
    const toolchain = await ensureToolchain({});
    pulumiPath = toolchain.pulumi;
    environment = await embeddedEnvironment(toolchain, {
      labDirectory: join(folder, "lab"),
      lock: { passphrase: devPassphrase },
    });
    await writeFile(join(folder, "Pulumi.yaml"), "name: tracks\nruntime: nodejs\n");
    await writeFile(join(folder, "login"), keys.login.privateKey, { mode: 0o600 });
    host = await startServer({ hostKeys: [keys.rsa, keys.ed25519], authorized: [keys.login] });
    bastion = await startServer({
      hostKeys: [keys.bastion],
      authorized: [keys.login],
      forwarding: true,
    });
    await pulumi("stack", "init", "pin");
  });
  beforeEach(async () => {
    const settings = {
      host: "127.0.0.1",
      hostPort: String(host.port),
      privateKeyFile: join(folder, "login"),
    };
    await rm(join(folder, "Pulumi.pin.yaml"), { force: true });
    await set(settings);
  });
  afterAll(async () => {
    await Promise.all([host.close(), bastion.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  it("shows the keys, and pins the best one in the stack's file once somebody says yes", async () => {
    const { exitCode, text } = await hostkey("yes");
    expect(text).toContain(`* ${keys.ed25519.publicKey.fingerprint}  ssh-ed25519`);
    expect(text).toContain(`  ${keys.rsa.publicKey.fingerprint}  ssh-rsa`);
    expect(text).toContain("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
    expect(text).toContain("Pin it as tracks:hostKey? Type yes:");
    expect(exitCode, text).toBe(0);
    expect(await stackFile()).toContain(`tracks:hostKey: ${keys.ed25519.publicKey.line}`);

    const again = await hostkey(undefined);
    expect(again.text).toContain("tracks:hostKey already is this key.");
    expect(again.exitCode).toBe(0);
  });

  it.each([
    ["somebody says no", "no"],
    ["nobody can be asked", undefined],
  ])("sets nothing when %s, and shows the command", async (_, answer) => {
    const { exitCode, text } = await hostkey(answer);
    expect(exitCode, text).toBe(1);
    expect(text).toContain(
      `Nothing was set. The command: pulumi config set tracks:hostKey "${keys.ed25519.publicKey.line}"`,
    );
    expect(await stackFile()).not.toContain("hostKey");
  });

  it("reaches the host through the bastion, whose own key comes first", async () => {
    await set({ bastionHost: "127.0.0.1", bastionPort: String(bastion.port) });
    const early = await hostkey(undefined, "--yes");
    expect(early.exitCode).toBe(1);
    expect(early.text).toMatch(
      /The bastion of the host can't be used with these settings:\s+tracks:bastionHostKey\n/,
    );

    const own = await hostkey(undefined, "--bastion", "--yes");
    expect(own.exitCode, own.text).toBe(0);
    expect(await stackFile()).toContain(`tracks:bastionHostKey: ${keys.bastion.publicKey.line}`);

    const before = bastion.connections();
    const through = await hostkey(undefined, "--yes");
    expect(through.exitCode, through.text).toBe(0);
    expect(bastion.connections()).toBeGreaterThan(before);
    expect(await stackFile()).toContain(`tracks:hostKey: ${keys.ed25519.publicKey.line}`);
  });
});
