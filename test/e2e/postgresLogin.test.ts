import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../host/secret";
import { HostError } from "../../host/ssh/error";
import type { PostgresTls } from "../../host/ssh/postgresTls";
import { proveLogin } from "../../preflight/database/login";
import { openTunnel, type Tunnel } from "../../host/ssh/tunnel";
import { Bench } from "./contract/bench";
import { connectionOf } from "./contract/connectionOf";
import { adminPassword, PostgresServer } from "./contract/postgresqlServer";
import { serveTls, type TlsServer } from "./tlsServer";

/** The proof of the provisioning login, which the program asks for while it runs. */
describe("a login to PostgreSQL through the tunnel", () => {
  let bench: Bench;
  let tunnel: Tunnel;
  beforeAll(async () => {
    bench = await Bench.create("postgres-login");
    await PostgresServer.install(bench, 25_460);
    tunnel = await openTunnel(connectionOf(bench.connection), {
      localPort: 25_460,
      target: { address: "127.0.0.1", port: 5432 },
      warn: () => undefined,
    });
  });
  afterAll(() => bench.dispose());

  const provisioner = { user: "provisioner", password: new Secret(adminPassword) };
  const questions = { roles: ["deployer", "provisioner"], databases: ["tracks", "postgres"] };
  const failure = async (login: { user: string; password: Secret }): Promise<unknown> =>
    proveLogin(tunnel, login, questions).catch((error: unknown) => error);

  it("reports the server's version and which roles and databases exist", async () => {
    const answer = await proveLogin(tunnel, provisioner, questions);
    expect(answer.version).toBe("15");
    expect(answer.systemIdentifier).toMatch(/^\d{15,}$/);
    expect([...answer.roles]).toEqual(["provisioner"]);
    expect([...answer.databases]).toEqual(["postgres"]);
  });

  it("distinguishes a refused login from other failures, without the password", async () => {
    const error = await failure({ ...provisioner, password: new Secret("wrong-Secret") });
    expect(error).toBeInstanceOf(HostError);
    expect((error as HostError).kind).toBe("postgresql-login");
    expect(String(error)).toMatch(/role provisioner [^]* password authentication failed/);
    expect(String(error)).not.toContain("wrong-Secret");
  });

  it("reports a server that doesn't run, and reaches it when it does", async () => {
    await bench.onHost("service postgresql stop >/dev/null 2>&1");
    const error = await failure(provisioner);
    expect(error).toBeInstanceOf(HostError);
    expect((error as HostError).kind).toBe("target");
    await bench.onHost("service postgresql start >/dev/null 2>&1");
    expect(await failure(provisioner)).toMatchObject({ roles: new Set(["provisioner"]) });
  });

  describe("of a server that wants TLS", () => {
    let server: TlsServer;
    const named = { host: "db.example.org", port: 5432 };
    beforeAll(async () => {
      server = await serveTls((command) => bench.onHost(command), named.host);
    });
    const logIn = (tls: PostgresTls | undefined): Promise<unknown> => {
      tunnel.encrypt(tls);
      return failure(provisioner);
    };

    it("works, checked as far as its mode says", async () => {
      const { authority: authorities } = server;
      for (const tls of [
        { ...named, check: "nothing" },
        { ...named, check: "authority", authorities },
        { ...named, host: "127.0.0.1", check: "authority", authorities },
        { ...named, check: "name", authorities },
      ] as const) {
        expect(await logIn(tls), tls.check).toMatchObject({ version: "15" });
      }
    });

    it("is refused without TLS, and the mode that it needs is named", async () => {
      const error = await logIn(undefined);
      expect(error).toMatchObject({ kind: "postgresql-unlisted" });
      expect(String(error)).toMatch(
        /set PostgresDatabase\.external\.sslMode to "verify-full"[^]*no encryption$/,
      );
    });

    it("is refused by an authority that did not sign, and by another name or address", async () => {
      const { authority: authorities, otherAuthority } = server;
      const unsigned = await logIn({ ...named, check: "authority", authorities: otherAuthority });
      expect(unsigned).toMatchObject({ kind: "tls-refused" });
      expect(String(unsigned)).toMatch(
        /db\.example\.org:5432 is signed by none of PostgresDatabase\.external\.authorities/,
      );
      for (const host of ["other.example.org", "127.0.0.1"]) {
        const misnamed = await logIn({ ...named, host, check: "name", authorities });
        expect(misnamed).toMatchObject({ kind: "tls-refused" });
        expect(String(misnamed)).toMatch(
          new RegExp(`is not for ${host}\n[^]*found: {3}DNS:db.example.org`),
        );
      }
    });

    it("is refused by a server without TLS", async () => {
      await bench.onHost(
        "sed -i '/^ssl = on/d' /var/lib/pgsql/data/postgresql.conf; systemctl restart postgresql",
      );
      const error = await logIn({ ...named, check: "nothing" });
      expect(error).toMatchObject({ kind: "tls-absent" });
      expect(String(error)).toMatch(
        /offers no TLS\n[^]*set PostgresDatabase\.external\.sslMode to disable/,
      );
    });
  });
});
