import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
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

describe("the preflight of a database in a program of one's own", () => {
  let registered: Map<string, Record<string, unknown>>;

  function engine(preview: boolean): void {
    const newResource = ({ name, inputs }: pulumi.runtime.MockResourceArgs) => {
      registered.set(name, inputs as Record<string, unknown>);
      return { id: name, state: { ...(inputs as object), result: "generated" } };
    };
    void pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "docs", "test", preview);
  }
  beforeEach(() => {
    registered = new Map();
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
        command.includes("preflight complete")
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
});
