import { afterEach, expect, it, vi } from "vitest";
import { Secret } from "../../../../host/secret";
import { hostScript } from "../../../../host/script/hostScript";
import { recoverHost } from "../../../../commands/recover/interrupted";
import {
  type Answer,
  connectionTo,
  keyPair,
  startServer,
  type TestServer,
} from "../../preflight/preflightServer";

const hostKey = keyPair();
const login = keyPair();
const servers: TestServer[] = [];

/** A host that gives this answer to the script, and lets sudo through unless told otherwise. */
async function host(answer: Answer, sudo: Answer = { exitCode: 0 }): Promise<TestServer> {
  const server = await startServer({
    hostKeys: [hostKey],
    authorized: [login],
    answer: (command) => (command.includes(" recover") ? answer : sudo),
  });
  servers.push(server);
  return server;
}

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const operator = {
  user: "operator",
  privilege: { kind: "password", password: new Secret("sesame") },
} as const;

it("sends this version's script to the host, and shows what it says line by line", async () => {
  const server = await host({ stdout: "waiting: nginx is locked\nundid the run\n" });
  expect(await recoverHost(connectionTo(server, hostKey, login), "tracks.test")).toEqual([
    "waiting: nginx is locked",
    "undid the run",
  ]);
  expect(server.commands).toHaveLength(1);
  const [{ command, stdin } = { command: "", stdin: "" }] = server.commands;
  expect(command).toMatch(/bash -s -- --scope "\$0" "\$@" <<<"\$script"' tracks\.test recover$/);
  expect(stdin).toBe(hostScript());
});

it("names the stack's settings", async () => {
  const said = "undid the run: set PostgresDatabase.port";
  const server = await host({ stdout: `${said}\n` });
  expect(await recoverHost(connectionTo(server, hostKey, login), "tracks.test")).toEqual([
    "undid the run: set tracks:postgresPort",
  ]);
  const fails = await host({ exitCode: 1, stderr: `${said}\n` });
  await expect(recoverHost(connectionTo(fails, hostKey, login), "tracks.test")).rejects.toThrow(
    "undid the run: set tracks:postgresPort",
  );
});

it("passes a sudo password in stdin only", async () => {
  const server = await host({ stdout: "nothing was interrupted\n" });
  await recoverHost(connectionTo(server, hostKey, login, operator), "tracks.test");
  const { command, stdin } = server.commands.at(-1) ?? { command: "", stdin: "" };
  expect(command).toMatch(/^sudo .*-S/);
  expect(server.commands.map((one) => one.command).join("\n")).not.toContain("sesame");
  expect(stdin).toBe(`sesame\n${hostScript()}`);
});

it("sends no program when sudo refuses", async () => {
  const server = await host({}, { exitCode: 1, stderr: "Sorry, try again.\n" });
  const recovering = recoverHost(connectionTo(server, hostKey, login, operator), "tracks.test");
  await expect(recovering).rejects.toThrow(/password/);
  expect(server.commands.map((one) => one.command).join("\n")).not.toContain("recover");
});

it("says why the host can't be recovered, and never takes silence for success", async () => {
  const refuses = await host({ exitCode: 1, stderr: "can't restore nginx\nits log is full\n" });
  await expect(recoverHost(connectionTo(refuses, hostKey, login), "tracks.test")).rejects.toThrow(
    "The host can't be recovered\n  reason:  can't restore nginx\n           its log is full",
  );
  const silent = await host({ exitCode: 0 });
  await expect(recoverHost(connectionTo(silent, hostKey, login), "tracks.test")).rejects.toThrow(
    "The host's answer is cut off",
  );
});
