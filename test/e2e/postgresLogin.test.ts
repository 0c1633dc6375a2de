import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../config/secret";
import { HostError } from "../../host/error";
import { PostgresLoginError, proveLogin } from "../../host/postgresLogin";
import { openTunnel, type Tunnel } from "../../host/tunnel";
import { Bench } from "./contract/bench";
import { connectionOf } from "./contract/connectionOf";
import { adminPassword, PostgresServer } from "./contract/postgresqlServer";

/** The proof of the provisioning login, which the program asks for while it runs. */
describe("a login to PostgreSQL through the tunnel", () => {
  let bench: Bench;
  let tunnel: Tunnel;
  beforeAll(async () => {
    bench = await Bench.create("postgres-login");
    await PostgresServer.install(bench, 25_460);
    tunnel = await openTunnel(connectionOf(bench.connection), {
      localPort: 25_460,
      localPortKey: "tracks:port",
      target: { address: "127.0.0.1", port: 5432 },
    });
  });
  afterAll(() => bench.dispose());

  const provisioner = { user: "provisioner", password: new Secret(adminPassword) };
  const questions = { roles: ["deployer", "provisioner"], databases: ["tracks", "postgres"] };
  const failure = async (login: { user: string; password: Secret }): Promise<unknown> =>
    proveLogin(tunnel, login, questions).catch((error: unknown) => error);

  it("tells the server's version and which roles and databases exist", async () => {
    const answer = await proveLogin(tunnel, provisioner, questions);
    expect(Math.floor(answer.version / 10_000)).toBe(15);
    expect([...answer.roles]).toEqual(["provisioner"]);
    expect([...answer.databases]).toEqual(["postgres"]);
  });

  it("tells a refused login from everything else, without the password", async () => {
    const error = await failure({ ...provisioner, password: new Secret("wrong-Secret") });
    expect(error).toBeInstanceOf(PostgresLoginError);
    expect((error as PostgresLoginError).refused).toBe(true);
    expect(String(error)).toMatch(/role provisioner .* password authentication failed/);
    expect(String(error)).not.toContain("wrong-Secret");
  });

  it("tells a server that doesn't run, and finds it again when it does", async () => {
    await bench.onHost("service postgresql stop >/dev/null 2>&1");
    const error = await failure(provisioner);
    expect(error).toBeInstanceOf(HostError);
    expect((error as HostError).kind).toBe("target");
    await bench.onHost("service postgresql start >/dev/null 2>&1");
    expect(await failure(provisioner)).toMatchObject({ roles: new Set(["provisioner"]) });
  });
});
