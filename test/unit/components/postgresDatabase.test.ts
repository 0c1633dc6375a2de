import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import { postgresForwarding } from "../../../preflight/database/plan";
import { PostgresDatabase } from "../../../components/PostgresDatabase";
import { SystemPackages } from "../../../components/SystemPackages";
import type { DatabaseFacts, DatabaseServer } from "../../../components/args/PostgresDatabase";
import type { SystemPackagesArgs } from "../../../components/args/SystemPackages";
import { resolveDatabase } from "../../../components/postgres/resolve";
import { Secret } from "../../../host/secret";
import { Host } from "../../../host/Host";
import { MockedEngine, type Registered } from "../mockedEngine";
import { rootConnection } from "../rootConnection";

const engine = new MockedEngine(({ inputs }) => ({ ...inputs, result: "generated" }));

const names = { database: "tracks", user: "deployer" };

type Given = Partial<DatabaseServer<pulumi.Input<string>>>;

function findings(adopt = { role: false, database: false }): DatabaseFacts {
  return { tunnelPort: 20_001, adopt, server: "127.0.0.1:5432", generation: "1a2b3c" };
}

async function registerDatabase(given: Given, found = findings()): Promise<PostgresDatabase> {
  const database = new PostgresDatabase("database", {
    host: new Host("host", { connection: rootConnection }),
    ...names,
    ...given,
    found,
  });
  await engine.settled();
  return database;
}

const named = (name: string): Registered => {
  const found = engine.registered.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no resource ${name}`);
  return found;
};
const commands = (): string[] =>
  engine
    .commands()
    .map(({ name }) => name)
    .filter((name) => name !== "host-script");

beforeEach(async () => {
  await engine.clear();
});

describe("a database by the provider", () => {
  it("takes two commands on the host, the first of which has no password", async () => {
    await registerDatabase({ password: pulumi.secret("hush") });
    expect(commands()).toEqual(["database-server", "database-provisioning"]);
    expect(named("database-server").inputs["stdin"]).toContain(
      [
        "module postgresql:15 package=postgresql-server",
        "package postgresql-server",
        "postgresql-server 15 service=postgresql binaries=auto data=auto port=5432 encryption=scram-sha-256",
        "postgresql-access deployer databases=tracks",
        "postgresql-access tracks_provisioner databases=postgres,tracks",
      ].join("\n"),
    );
    expect(named("database-server").inputs["stdin"]).not.toContain("hush");
  });

  it("takes the first of a package's names that the host knows", async () => {
    await registerDatabase({ packages: ["postgresql-server|postgresql15-server", "tmux"] });
    expect(named("database-server").inputs["stdin"]).toContain(
      "package postgresql-server postgresql15-server\npackage tmux\n",
    );
  });

  it("reads a port that was given as text, as every component does", async () => {
    const { connection } = await registerDatabase({ port: "5433" as never });
    expect(connection.port).toBe(5433);
  });

  it("is made through the tunnel, by a role that is no superuser", async () => {
    await registerDatabase({});
    expect(named("database-provider").inputs).toMatchObject({
      host: "127.0.0.1",
      port: "20001",
      username: "tracks_provisioner",
      sslmode: "disable",
      superuser: "false",
      connectTimeout: "10",
    });
    expect(named("database-role-1a2b3c").inputs).toMatchObject({ name: "deployer", login: true });
    expect(named("database-database-1a2b3c").inputs).toMatchObject({
      name: "tracks",
      owner: "deployer",
    });
  });

  it("imports what exists, but never sets a generated password on it", async () => {
    await registerDatabase({}, findings({ role: true, database: true }));
    expect(named("database-role-1a2b3c").id).toBe("deployer");
    expect(named("database-database-1a2b3c").id).toBe("tracks");
    expect(named("database-password").id ?? "").toBe("");
  });

  it("on an external server is only remembered by the host", async () => {
    const external = {
      host: "db.example.org",
      port: 5433,
      adminUser: "boss",
      adminPassword: pulumi.secret("hush"),
      sslMode: "verify-full",
      authorities: "-----BEGIN CERTIFICATE-----",
    } as const;
    const database = await registerDatabase({ external });
    expect(commands()).toEqual(["database-elsewhere"]);
    expect(named("database-elsewhere").inputs["stdin"]).toMatch(
      /\nsubsystem postgresql\nvia [^\n]*\npostgresql-site tracks role=deployer server=\S+ generation=1a2b3c\nend\n$/,
    );
    // The tunnel encrypts, since its end has another name than the certificate.
    expect(named("database-provider").inputs).toMatchObject({
      username: "boss",
      sslmode: "disable",
    });
    expect(database.connection).toMatchObject({
      host: "db.example.org",
      port: 5433,
      sslmode: "verify-full",
      authorities: "-----BEGIN CERTIFICATE-----",
    });
    expect(
      postgresForwarding({
        ...names,
        external: { ...external, adminPassword: new Secret("hush") },
      }),
    ).toEqual({ address: "db.example.org", port: 5433 });
  });
});

describe("a database that can't be created", () => {
  const refusal = (given: Given, found?: DatabaseFacts) => () =>
    new PostgresDatabase("database", {
      host: new Host("host", { connection: rootConnection }),
      ...names,
      ...given,
      found,
    });

  it("is reported with every error at once, before anything is registered", async () => {
    const given: Given = { user: "tracks_provisioner", version: "8.4", provisioner: "provider" };
    expect(refusal(given, findings())).toThrow(
      /version\n {4}given: {3}"8\.4"\n {4}allowed: a major version[^]*provisioner\n {4}given: {3}"provider" with PostgresDatabase\.version 8\.4[^]*user\n {4}given: {3}"tracks_provisioner"\n {4}allowed: another role/,
    );
    await engine.settled();
    expect(commands()).toEqual([]);
  });

  it("is one for the provider without the tunnel, which only the preflight opens", () => {
    expect(refusal({ provisioner: "provider" })).toThrow(
      /found\n {4}given: {3}nothing\n {4}allowed: what planPostgres of tracks\/preflight returns/,
    );
    expect(refusal({})).not.toThrow();
  });

  it("is one on an external server with certificates but no mode that checks them, or the reverse", () => {
    const external = {
      host: "db.example.org",
      port: 5432,
      adminUser: "boss",
      adminPassword: pulumi.secret("hush"),
      sslMode: "verify-full",
    } as const;
    expect(refusal({ external }, findings())).toThrow(
      /external\.authorities\n {4}given: {3}nothing, but/,
    );
    const unchecked = {
      ...external,
      sslMode: "require",
      authorities: "-----BEGIN CERTIFICATE-----",
    } as const;
    expect(refusal({ external: unchecked }, findings())).toThrow(
      /external\.sslMode\n {4}given: {3}"require", with PostgresDatabase\.external\.authorities/,
    );
  });
});

describe("a second database", () => {
  it("is refused on a host that has one, and not on another", async () => {
    const hosts = ["one", "two"].map((name) => new Host(name, { connection: rootConnection }));
    const make = (name: string, host: Host | undefined) =>
      host && new PostgresDatabase(name, { host, ...names, found: findings() });
    make("first", hosts[0]);
    make("elsewhere", hosts[1]);
    expect(() => make("second", hosts[0])).toThrow(
      /^PostgresDatabase "second" [^]*host\n {4}given: {3}a host that has the PostgresDatabase "first"\n {4}allowed: one PostgresDatabase for each host/,
    );
    await engine.settled();
  });
});

describe("a database beside the host's SystemPackages", () => {
  const program = (
    server: SystemPackagesArgs["server"],
    given: Given = {},
    found?: DatabaseFacts,
  ) => {
    const host = new Host("host", { connection: rootConnection });
    new SystemPackages("packages", { host, server });
    return () => new PostgresDatabase("database", { host, ...names, ...given, found });
  };

  // On Enterprise Linux 8 its client would enable the stream of another version.
  it("is refused where these know nothing of the server, or of another version", async () => {
    expect(program(undefined)).toThrow(
      /host\n {4}given: {3}a host whose SystemPackages "packages" has no argument server\n.* server: \{"version":"15","packages":\["postgresql-server"\]\}/,
    );
    expect(program({ version: "13" }, { version: "15" })).toThrow(
      /"packages" has the argument server: \{"version":"13"\}/,
    );
    await engine.settled();
  });

  it("is made where they know it, however it is said, or where it is not theirs", async () => {
    expect(program({})).not.toThrow();
    expect(program({ version: "15" }, { packages: ["postgresql-server"] })).not.toThrow();
    expect(program(undefined, { packages: [] })).not.toThrow();
    const external = {
      host: "db.example.org",
      port: 5432,
      adminUser: "boss",
      adminPassword: pulumi.secret("hush"),
      sslMode: "require",
    } as const;
    expect(program(undefined, { external }, findings())).not.toThrow();
    await engine.settled();
  });
});

describe("a database by psql", () => {
  it.each([
    ["13", "psql", "scram-sha-256"],
    ["14", "provider", "scram-sha-256"],
    ["10", "psql", "scram-sha-256"],
    ["9.6", "psql", "md5"],
  ])(
    "is usual up to 13, and passwords are verifiers from 10 on: %s",
    (version, provisioner, encryption) => {
      expect(resolveDatabase({ ...names, version })).toMatchObject({ provisioner, encryption });
    },
  );

  it("is there without the preflight, at the server's own address", async () => {
    const host = new Host("host", { connection: rootConnection });
    const database = new PostgresDatabase("database", { host, ...names, port: 5433 });
    await engine.settled();
    expect(commands()).toEqual(["database-server", "database-roles"]);
    expect(JSON.stringify(named("database-roles").inputs["stdin"])).toContain(
      "postgresql-site tracks role=deployer server=127.0.0.1:5433 generation=000000",
    );
    expect(database.services).toEqual(["postgresql"]);
    expect(database.connection).toMatchObject({ host: "127.0.0.1", port: 5433, sslmode: "prefer" });
  });

  it("is made where the provider does not support the server", async () => {
    const old = { version: "9.2", password: pulumi.secret("hush") };
    expect(resolveDatabase({ ...names, ...old })).toMatchObject({
      provisioner: "psql",
      encryption: "md5",
    });
    await registerDatabase(old);
    expect(commands()).toEqual(["database-server", "database-roles"]);
    expect(engine.registered.some(({ type }) => type.startsWith("postgresql:"))).toBe(false);
    expect(JSON.stringify(named("database-roles").inputs["stdin"])).toContain(
      String.raw`postgresql-role deployer createdb=no createrole=no\n| hush\npostgresql-database tracks owner=deployer\npostgresql-site tracks`,
    );
    expect(postgresForwarding({ ...names, version: "9.2" })).toBeUndefined();
  });
});
