import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { execa, type Subprocess } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";
import { endOrphans, findOrphans, type Orphan } from "../../../../commands/recover/orphans";

let engine: Server;
const started: Subprocess[] = [];

beforeEach(async () => {
  engine = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(engine, "listening");
});
afterEach(async () => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  await engineDies();
});

function address(): string {
  return `127.0.0.1:${(engine.address() as AddressInfo).port}`;
}

async function engineDies(): Promise<void> {
  if (!engine.listening) return;
  engine.close();
  await once(engine, "close");
}

/** A process with the words of one that an engine starts; it is ready when its signals are set up. */
async function start(code: string, ...words: string[]): Promise<number> {
  const script = `${code};setInterval(()=>{},1000);console.log("ready")`;
  const child = execa(process.execPath, ["-e", script, "--", ...words], { reject: false });
  started.push(child);
  await once(child.stdout, "data");
  if (child.pid === undefined) throw new Error("the process did not start");
  return child.pid;
}

/** Of the orphans on this machine, which other tests may have made, those that were made here. */
async function ours(): Promise<Orphan[]> {
  const pids = started.map(({ pid }) => pid);
  return (await findOrphans()).filter(({ pid }) => pids.includes(pid));
}

it("leaves plugins alone while their engine answers, and finds them when it is gone", async () => {
  const plugin = await start("", "pulumi-resource-command", address());
  const program = await start("", "@pulumi/pulumi/cmd/run", `--engine=${address()}`);
  expect(await ours()).toEqual([]);
  await engineDies();
  expect(await ours()).toEqual([
    { pid: plugin, title: "pulumi-resource-command" },
    { pid: program, title: "@pulumi/pulumi/cmd/run" },
  ]);
});

it("takes no other program with a dead address in its arguments for an orphan", async () => {
  const dead = address();
  await start("", "my-server", dead);
  await start("", "pulumi-resource-command", "192.0.2.1:80");
  await engineDies();
  expect(await ours()).toEqual([]);
});

it("ends orphans, also one that ignores SIGTERM", async () => {
  await start("", "pulumi-resource-command", address());
  await start("process.on('SIGTERM',()=>{})", "pulumi-language-nodejs", address());
  await engineDies();
  await endOrphans(await ours(), 300);
  expect(started.map(({ signalCode }) => signalCode)).toEqual(["SIGTERM", "SIGKILL"]);
  expect(await ours()).toEqual([]);
});
