import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { PostgresDatabase } from "../../../components";
import { Host } from "../../../host/Host";
import type { Terms } from "../../../host/problem";
import {
  type DatabaseServer,
  examineHost,
  planPostgres,
  postgresForwarding,
  postgresQuestion,
  type Secret,
} from "../../../preflight/library";
import { inStackKeys } from "../../../settings/argumentKeys";
import { hostKey, login, server } from "./preflightBench";
import { connectionTo } from "./preflightServer";

/** Report of a host whose own server of version 15 has the role `writer`. */
const running = [
  "fact init systemd",
  "fact postgresql-server 15",
  "fact postgresql-service running",
  "fact postgresql-data /var/lib/pgsql/data",
  "fact postgresql-roles postgres writer",
  "fact postgresql-databases postgres",
];
const names = { database: "site", user: "writer" };

async function listening(): Promise<number> {
  const listener = createServer((socket) => socket.pipe(socket));
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  onTestFinished(() => void listener.close());
  return (listener.address() as AddressInfo).port;
}

/** Whether a connection to the port reaches the server that gives back what it gets. */
async function reaches(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.write("hello");
  const isEchoed = await once(socket, "data").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isEchoed;
}

describe("the preflight of a database in a program of one's own", () => {
  let registered: Map<string, Record<string, unknown>>;
  /** Answer of the engine to the resource `slow`. */
  let slowly: Promise<void> | undefined;

  function engine(preview: boolean): void {
    const newResource = async ({ name, inputs }: pulumi.runtime.MockResourceArgs) => {
      registered.set(name, inputs as Record<string, unknown>);
      if (name === "slow") await slowly;
      return { id: name, state: { ...(inputs as object), result: "generated" } };
    };
    void pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "docs", "test", preview);
  }
  beforeEach(() => {
    registered = new Map();
    slowly = undefined;
    engine(false);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    engine(false);
  });

  /** Examines a host, and plans the database as the TSDoc of `planPostgres` says. */
  async function plan(wanted: DatabaseServer<Secret>, report: readonly string[], inTerms?: Terms) {
    const host = await server({
      forwarding: true,
      answer: (command) =>
        command.includes(" look ")
          ? { stdout: `${report.join("\n")}\npreflight complete\n` }
          : undefined,
    });
    const connection = connectionTo(host, hostKey, login);
    const facts = await examineHost(connection, {
      survey: {
        listenPort: 80,
        defaultServer: true,
        serverNames: ["docs.example.org"],
        paths: [],
        database: postgresQuestion(wanted),
      },
      forwarding: postgresForwarding(wanted),
    });
    const args = await planPostgres(connection, facts, wanted, inTerms);
    return { asked: host.commands.at(-1)?.command, connection, facts, args };
  }
  const refusal = (...args: Parameters<typeof plan>): Promise<string> =>
    plan(...args).then(
      () => "no refusal",
      (error: unknown) => (error as Error).message,
    );

  it("gives the component what it found", async () => {
    const port = await listening();
    const { asked, connection, facts, args } = await plan({ ...names, port }, running);
    expect(asked).toContain(`postgresql=postgresql,auto,auto,${port}`);
    expect(args).toMatchObject({ ...names, port });
    expect(args.found).toMatchObject({
      server: `127.0.0.1:${port}`,
      adopt: { role: true, database: false },
    });
    const host = new Host("host", { connection, facts });
    new PostgresDatabase("database", { host, ...args });
    await pulumi.runtime.disconnect();
    expect(registered.get("database-provider")).toMatchObject({
      host: "127.0.0.1",
      port: String(args.found?.tunnelPort),
    });
    expect(registered.get(`database-role-${args.found?.generation}`)).toMatchObject({
      name: "writer",
    });
  });

  it("names arguments in its errors, and a stack's settings for the stack", async () => {
    const old = { ...names, version: "13", provisioner: "psql" } as const;
    expect(await refusal(old, running)).toContain(
      "set PostgresDatabase.version to 15   (keeps the server)",
    );
    expect(await refusal(old, running, inStackKeys)).toContain(
      "pulumi config set tracks:postgresVersion 15   (keeps the server)",
    );
    const foreign = [...running, "fact uwsgi-service running"];
    const wanted = { ...names, provisioner: "psql" } as const;
    expect(await refusal(wanted, foreign)).toMatch(
      /PostgresDatabase\.password\n[^]*\(PostgresDatabase\.user\)[^]* set PostgresDatabase\.password to PASSWORD\n/,
    );
    expect(await refusal(wanted, foreign, inStackKeys)).toMatch(
      /tracks:databasePassword\n[^]*\(tracks:databaseUser\)[^]* pulumi config set --secret tracks:databasePassword\n/,
    );
  });

  it("names arguments in the warnings of a preview, and a stack's settings for the stack", async () => {
    engine(true);
    const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
    const said = async (inTerms?: Terms) => {
      warn.mockClear();
      const foreign = [...running, "fact uwsgi-service running"].map((line) =>
        line.replace(/ 15$/, " 9.6"),
      );
      await plan({ ...names, version: "9.6" }, foreign, inTerms);
      return warn.mock.calls.map(([text]) => text).join("\n");
    };
    const own = await said();
    expect(own).toContain(
      "PostgresDatabase.version\n  given:   9.6, which stores passwords as md5",
    );
    expect(own).toMatch(/up will be refused:\nPostgresDatabase\.password\n/);
    expect(own).not.toMatch(/tracks:|pulumi config/);
    const stack = await said(inStackKeys);
    expect(stack).toContain(
      "tracks:postgresVersion\n  given:   9.6, which stores passwords as md5",
    );
    expect(stack).toMatch(/up will be refused:\ntracks:databasePassword\n/);
    expect(stack).not.toMatch(/PostgresDatabase\./);
  });

  it("says at once that another host of the program has the tunnel's port", async () => {
    const port = await listening();
    const wanted = { ...names, port, tunnelPort: await freePort() };
    await plan(wanted, running);
    const refused = await refusal(wanted, running);
    expect(refused).toMatch(
      /^PostgresDatabase\.tunnelPort\n {2}given: {3}\d+ for 127\.0\.0\.1, where this program has a tunnel to 127\.0\.0\.1 already\n/,
    );
    expect(refused).toContain("set PostgresDatabase.tunnelPort to another port");
    const another = { ...wanted, tunnelPort: await freePort() };
    expect(await refusal(another, running)).toBe("no refusal");
  });

  it("keeps the tunnel until all is registered, and leaves its port to the process's next program", async () => {
    const port = await listening();
    const tunnelPort = await freePort();
    for (const preview of [true, false]) {
      engine(preview);
      let answer = (): void => undefined;
      slowly = new Promise((resolve) => {
        answer = resolve;
      });
      const program = async () => {
        await plan({ ...names, port, tunnelPort }, running);
        new pulumi.ComponentResource("test:index:Slow", "slow");
      };
      const run = pulumi.runtime.runInPulumiStack(program);
      await vi.waitFor(() => {
        expect(registered.has("slow")).toBe(true);
      }, 20_000);
      expect(await reaches(tunnelPort)).toBe(true);
      await run;
      expect(await reaches(tunnelPort)).toBe(true);
      answer();
      await vi.waitFor(async () => {
        expect(await reaches(tunnelPort)).toBe(false);
      }, 5_000);
      registered.clear();
    }
  });
});

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  return port;
}
