import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, expect, it } from "vitest";
import { Secret } from "../../../host/secret";
import { Deadline } from "../../../host/ssh/deadline";
import { type RemoteProcess, startAsRoot, startProcess } from "../../../host/ssh/process";
import { answerFollows, openSession, type Session } from "../../../host/ssh/session";
import {
  connectionTo,
  keyPair,
  startServer,
  type TestServer,
  type TestServerOptions,
} from "../preflight/preflightServer";

const hostKey = keyPair();
const login = keyPair();
const opened: { close: () => unknown }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function host(options: Partial<TestServerOptions> = {}): Promise<TestServer> {
  const server = await startServer({ hostKeys: [hostKey], authorized: [login], ...options });
  opened.push(server);
  return server;
}

async function session(server: TestServer): Promise<Session> {
  const session = await openSession(connectionTo(server, hostKey, login), new Deadline(10));
  opened.push(session);
  return session;
}

async function all(process: RemoteProcess, stdin = "") {
  process.stdin.end(stdin);
  const [stdout, stderr, exitCode] = await Promise.all([
    text(process.stdout),
    text(process.stderr),
    process.ended,
  ]);
  return { stdout, stderr, exitCode };
}

it("hands on both streams and the exit code, and nothing of what the login shell prints", async () => {
  const server = await host({ prints: "Welcome!\nYou have mail\n" });
  const words = ["sh", "-c", 'cat; echo "$0" >&2; exit 3', "two words"];
  const process = await startProcess(await session(server), "root", words);
  expect(await all(process, "in\n")).toEqual({
    stdout: "in\n",
    stderr: "two words\n",
    exitCode: 3,
  });
});

it("knows the exit code of a program whose end comes in one packet with its beginning", async () => {
  const channel = Object.assign(new PassThrough(), { stderr: new PassThrough() });
  const client = Object.assign(new EventEmitter(), {
    exec: (_: string, answer: (error: undefined, channel: object) => void) => {
      answer(undefined, channel);
      channel.emit("exit", 0);
    },
  });
  channel.end(`${answerFollows}\nbehind\n`);
  channel.stderr.end();
  const session = { client } as unknown as Session;
  const process = await startProcess(session, "root", ["hostname"]);
  expect(await text(process.stdout)).toBe("behind\n");
  expect(await process.ended).toBe(0);
});

it("loses no byte of much output, whole characters among it", async () => {
  const server = await host();
  const words = ["sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo äöü-$i; i=$((i + 1)); done"];
  const { stdout } = await all(await startProcess(await session(server), "root", words));
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(20_000);
  expect(lines.every((line, at) => line === `äöü-${at}`)).toBe(true);
});

it("tells a login shell that runs nothing", async () => {
  const server = await host({ prints: "This account is disabled.\n", runsNothing: true });
  const process = await startProcess(await session(server), "root", ["true"]);
  await expect(all(process)).rejects.toMatchObject({
    kind: "shell",
    message: expect.stringContaining("reason:  This account is disabled.") as string,
  });
});

it("gives sudo its password in stdin alone, apart from what the program gets", async () => {
  const server = await host({ answer: () => ({ stdout: "done\n" }) });
  const connection = connectionTo(server, hostKey, login, {
    user: "operator",
    privilege: { kind: "password", password: new Secret("sesame") },
  });
  const process = await startAsRoot(await session(server), connection, ["cat"]);
  expect(await all(process, "data")).toMatchObject({ stdout: "done\n", exitCode: 0 });
  const [{ command, stdin } = { command: "", stdin: "" }] = server.commands;
  expect(command).toMatch(/^sudo -k -S -p '' sh -c .* cat$/);
  expect(command).not.toContain("sesame");
  expect(stdin).toBe("sesame\n--- tracks: the input follows ---\ndata");
});

it("hides a password from a program for which sudo asked none", async () => {
  const server = await host();
  const connection = connectionTo(server, hostKey, login, {
    user: "operator",
    privilege: { kind: "password", password: new Secret("sesame") },
  });
  const started = await session(server);
  const process = await startAsRoot(started, connection, ["cat"]);
  process.stdin.end("data");
  await process.ended.catch(() => undefined);
  // The same words, with sudo gone from before them: as where it lets the login through unasked.
  const [{ command, stdin } = { command: "", stdin: "" }] = server.commands;
  const unasked = command.replace(/^sudo -k -S -p '' /, "");
  const words = ["sh", "-c", unasked];
  expect(await all(await startProcess(started, "root", words), stdin)).toMatchObject({
    stdout: "data",
  });
});

it("tells a lost connection from a program that ended", async () => {
  const server = await host({ lingers: true, answer: () => ({}) });
  const process = await startProcess(await session(server), "root", ["sleep", "60"]);
  process.stdin.end();
  process.stdout.resume();
  process.stderr.resume();
  setTimeout(() => {
    server.drop();
  }, 100);
  await expect(process.ended).rejects.toThrow();
});
