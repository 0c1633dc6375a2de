import { describe, expect, it } from "vitest";
import type { DatabaseServer } from "../../../../components/args/PostgresDatabase";
import { resolveDatabase } from "../../../../components/postgres/resolve";
import type { HostFacts } from "../../../../host/facts";
import { Secret } from "../../../../host/secret";
import { compareWithHost } from "../../../../preflight/database/compare";
import type { Remembered } from "../../../../preflight/database/memory";
import { passwordProblems } from "../../../../preflight/database/plan";

const names = { database: "tracks", user: "deployer" };

describe("what the host has", () => {
  const facts = (answers: Record<string, string>, manifest?: string[]): HostFacts => ({
    distribution: "CentOS Stream release 9",
    facts: new Map(Object.entries({ init: "systemd", ...answers })),
    problems: [],
    resources: new Map(
      manifest === undefined ? [] : [["x", { drift: [], manifest, repair: 0, via: undefined }]],
    ),
  });
  const running = {
    "postgresql-server": "15",
    "postgresql-service": "running",
    "postgresql-data": "/var/lib/pgsql/data",
    "postgresql-roles": "postgres deployer",
    "postgresql-databases": "postgres tracks",
  };
  type Server = Partial<DatabaseServer<Secret>>;
  const compare = (server: Server, known: HostFacts | undefined) =>
    compareWithHost(resolveDatabase({ ...names, ...server }), known);

  it("is adopted by name", () => {
    expect(compare({}, facts(running))).toEqual({ role: true, database: true });
    expect(compare({ database: "other" }, facts(running))).toEqual({ role: true, database: false });
    expect(compare({}, facts({ "postgresql-data": "absent" }))).toEqual({
      role: false,
      database: false,
    });
    expect(compare({}, undefined)).toEqual({ role: false, database: false });
  });

  it("is never taken for missing while the server is stopped, removed or gives no answer", () => {
    const stopped = { ...running, "postgresql-service": "stopped" };
    expect(() => compare({}, facts(stopped))).toThrow(/systemctl start postgresql/);
    expect(() => compare({}, facts({ ...stopped, init: "sysv" }))).toThrow(
      /service postgresql start/,
    );
    const gone = { ...running, "postgresql-service": "absent" };
    expect(() => compare({}, facts(gone))).toThrow(
      /data of PostgreSQL in \/var\/lib\/pgsql\/data, and no such service/,
    );
    const mute = { ...running, "postgresql-roles": "unknown", "postgresql-databases": "unknown" };
    expect(() => compare({}, facts(mute))).toThrow(/local all postgres peer/);
    const said = { ...mute, "postgresql-said": "psql: error: no password supplied" };
    expect(() => compare({}, facts(said))).toThrow(
      /let the system user postgres log in[^]*socket, port 5432[^]*\n {4}reason: {2}psql: error: no password supplied$/,
    );
  });

  it("must have the configured version", () => {
    expect(() => compare({ version: "16" }, facts(running))).toThrow(
      /set PostgresDatabase\.version to 15/,
    );
  });

  it("can be moved to another version with the commands in the error", () => {
    expect(() => compare({ version: "16" }, facts(running))).toThrow(
      /pg_dumpall[^]*mv \/var\/lib\/pgsql\/data \/var\/lib\/pgsql\/data\.15\n[^]*dnf module enable postgresql:16\n[^]*distro-sync 'postgresql\*'[^]*--initdb/,
    );
    const empty = facts({ ...running, "postgresql-data": "absent" });
    expect(() => compare({ version: "16" }, empty)).not.toThrow(/pg_dumpall|mv absent/);
  });

  it("is not recommended in a version that the setting refuses", () => {
    for (const installed of ["8.4", "9.1", "19"]) {
      const refusal = () => compare({}, facts({ ...running, "postgresql-server": installed }));
      expect(refusal).toThrow(
        new RegExp(`PostgreSQL ${installed} on the host\n.*PostgreSQL 9.2 to 9.6 and 10 to 18`),
      );
      expect(refusal).not.toThrow(/set PostgresDatabase\.version/);
      expect(refusal).toThrow(
        new RegExp(
          `pg_dumpall[^]* mv /var/lib/pgsql/data /var/lib/pgsql/data\\.${installed}\n[^]*--initdb`,
        ),
      );
    }
    const six = facts({ "os-version": "6.10", "postgresql-server": "absent" });
    expect(() => compare({ version: "9.2" }, six)).toThrow(/PostgreSQL 8\.4 on Enterprise Linux 6/);
    expect(compare({ version: "9.6", packages: ["postgresql96-server"] }, six).role).toBe(false);
  });

  it("before 9.4 must keep passwords encrypted by its own file", () => {
    const old = { ...running, "postgresql-server": "9.2", "postgresql-encryption": "off" };
    expect(() => compare({ version: "9.2" }, facts(old))).toThrow(
      /fix: {5}password_encryption = on {3}\(in \/var\/lib\/pgsql\/data\/postgresql\.conf;/,
    );
    const on = { ...old, "postgresql-encryption": "on" };
    expect(compare({ version: "9.2" }, facts(on)).role).toBe(true);
  });

  it("keeps its names, until they were changed by hand", () => {
    const manifest = [
      "subsystem postgresql",
      "postgresql-access deployer databases=tracks",
      "postgresql-access tracks_provisioner databases=postgres,tracks",
    ];
    expect(() => compare({ user: "painter" }, facts(running, manifest))).toThrow(
      /ALTER ROLE "deployer" RENAME TO "painter"/,
    );
    expect(() => compare({ database: "traces" }, facts(running, manifest))).toThrow(
      /ALTER DATABASE "tracks" RENAME TO "traces"/,
    );
    const renamed = { ...running, "postgresql-databases": "postgres traces" };
    expect(compare({ database: "traces" }, facts(renamed, manifest)).database).toBe(true);
  });

  it("gets no generated password while another site may log in with its own", () => {
    const known = facts({ ...running, "uwsgi-service": "running" });
    const existing = { role: true, database: true };
    const remembered = { database: "tracks", role: "deployer", server: "s", generation: "1a2b3c" };
    const found = (server: Server, ...rest: Rest) =>
      passwordProblems(resolveDatabase({ ...names, ...server }), ...rest);
    type Rest = [typeof existing | undefined, HostFacts | undefined, Remembered | undefined];
    expect(found({}, existing, known, undefined)).toEqual([
      expect.objectContaining({
        subject: "PostgresDatabase.password",
        found: expect.stringContaining("the role deployer") as string,
        fix: ["set PostgresDatabase.password to PASSWORD"],
      }),
    ]);
    const allowed: [Server, ...Rest][] = [
      [{ password: new Secret("hush") }, existing, known, undefined],
      [{}, existing, known, remembered],
      [{}, existing, facts(running), undefined],
      [{}, { role: false, database: true }, known, undefined],
      [{}, undefined, undefined, undefined],
    ];
    for (const one of allowed) expect(found(...one)).toEqual([]);
  });
});
