import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DatabaseSite } from "./databaseSite";
import { diagnostics } from "./diagnostics";
import { CommandLines } from "./secrets";

const provisioners = ["psql", "provider"] as const;

/** The database from a bare host to a destroy and back, by each of the two that can make it. */
describe.each(provisioners)("a database made by %s", (provisioner) => {
  let site: DatabaseSite;
  let refused: string;
  let seen = "";
  let printed = "";

  beforeAll(async () => {
    site = await DatabaseSite.create(`database-${provisioner}`, { provisioner, version: "17" });
    refused = diagnostics(await site.deployment.upFails());
    site.use({ provisioner });
    const watch = await CommandLines.watch(site.deployment);
    printed = await site.deployment.up();
    await watch.stop();
    seen = await watch.seen();
  });
  afterAll(() => site.deployment.dispose());

  it("is refused where no repository has the version, and the others are named", () => {
    expect(refused).toMatch(
      /have postgresql 17 neither as a module stream nor as the package postgresql-server\. They offer postgresql-server 13\.14, module stream postgresql:15, module stream postgresql:16: set PostgresDatabase\.version/,
    );
  });

  it("lets the application log in over 127.0.0.1, make tables and fill them", async () => {
    expect(await site.asApplication("CREATE TABLE visit (id serial PRIMARY KEY, at text)")).toBe(
      "CREATE TABLE",
    );
    expect(await site.asApplication("INSERT INTO visit (at) VALUES ('first')")).toBe("INSERT 0 1");
    expect(
      await site.asPostgres(
        "SELECT pg_encoding_to_char(encoding), pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'tracks'",
      ),
    ).toBe("UTF8|deployer");
  });

  it("refuses a wrong password, other roles and other databases", async () => {
    expect(await site.asApplication("SELECT 1", { password: "wrong" })).toContain(
      "password authentication failed",
    );
    await site.asPostgres("CREATE ROLE stranger LOGIN PASSWORD 'known'");
    expect(await site.asApplication("SELECT 1", { user: "stranger", password: "known" })).toMatch(
      /authentication failed|no pg_hba.conf entry/,
    );
    expect(await site.asApplication("SELECT 1", { name: "postgres" })).toMatch(
      /authentication failed|no pg_hba.conf entry/,
    );
    expect(await site.asApplication("SELECT 1", { host: site.deployment.host.address })).toMatch(
      /refused|no pg_hba.conf entry/,
    );
  });

  it("keeps the password as a SCRAM verifier, and gives the role no power", async () => {
    expect(
      await site.asPostgres(
        "SELECT left(rolpassword, 14), rolsuper, rolcreatedb, rolcreaterole FROM pg_authid WHERE rolname = 'deployer'",
      ),
    ).toBe("SCRAM-SHA-256$|f|f|f");
    expect(
      await site.asPostgres("SELECT rolname FROM pg_roles WHERE rolsuper ORDER BY rolname"),
    ).toBe("postgres");
  });

  it("shows the password nowhere", async () => {
    const { password } = await site.login();
    expect(password).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(seen).toContain("psql");
    const places = {
      "the command lines of the host": seen,
      "what pulumi printed": printed,
      "the state": await site.deployment.state(),
      "PostgreSQL's log": await site.deployment.onHost(
        "journalctl -u postgresql --no-pager; cat /var/lib/pgsql/data/log/* 2>/dev/null || true",
      ),
      "what the host remembers": await site.deployment.onHost(
        "find /var/lib/tracks -type f -exec cat {} +",
      ),
    };
    for (const [place, text] of Object.entries(places)) {
      expect(text.includes(password), place).toBe(false);
    }
  });

  it("is unchanged the second time", async () => {
    expect(await site.deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("takes another password, which does not appear in the log of a server that logs every statement", async () => {
    await site.asPostgres("ALTER SYSTEM SET log_statement = 'all'");
    await site.asPostgres("SELECT pg_reload_conf()");
    site.use({ provisioner, password: "pass word 'quoted' and \"ünïcode\"" });
    await site.deployment.up();
    const log = await site.deployment.onHost("journalctl -u postgresql --no-pager");
    expect(log).toContain("statement: SHOW hba_file");
    expect(log).not.toMatch(/pass word|SCRAM-SHA-256\$/);
    expect(await site.asApplication("SELECT 1", { password: "x" })).toContain("failed");
    await site.deployment.onHost(
      `umask 077; cat >/root/pgpass <<'END'\n127.0.0.1:5432:tracks:deployer:pass word 'quoted' and "ünïcode"\nEND`,
    );
    expect(
      await site.deployment.onHost(
        "PGPASSFILE=/root/pgpass psql -X -A -t -w -h 127.0.0.1 -U deployer -d tracks -c 'SELECT at FROM visit'",
      ),
    ).toBe("first");
    site.use({ provisioner });
    await site.deployment.up();
  });

  it("keeps data, server and logins on destroy, and up adopts them", async () => {
    const destroyed = await site.deployment.succeed("destroy", "--yes", "--skip-preview");
    expect(destroyed).not.toMatch(/error/);
    expect(await site.asPostgres("SELECT at FROM visit", "tracks")).toBe("first");
    expect(await site.deployment.onHost("cat /var/lib/pgsql/data/pg_hba.conf")).toContain(
      '"tracks" "deployer" 127.0.0.1/32 scram-sha-256',
    );
    await site.deployment.up();
    expect(await site.asApplication("SELECT at FROM visit")).toBe("first");
    expect(await site.deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("refuses another name for role or database until it was renamed by hand", async () => {
    site.use({ provisioner, database: "traces", user: "painter" });
    const refused = await site.deployment.upFails();
    const byHand = [
      `ALTER DATABASE "tracks" RENAME TO "traces"`,
      `ALTER ROLE "deployer" RENAME TO "painter"`,
    ];
    for (const sql of byHand) {
      expect(refused).toContain(sql);
      await site.asPostgres(sql.replaceAll('"', ""));
    }
    await site.deployment.up();
    expect(await site.asApplication("SELECT at FROM visit")).toBe("first");
    expect(await site.deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("never takes a stopped server for an empty one", async () => {
    await site.deployment.onHost("systemctl stop postgresql");
    expect(await site.deployment.upFails()).toContain("systemctl start postgresql");
    await site.deployment.onHost("systemctl start postgresql");
    site.use({ provisioner, database: "traces", user: "painter" });
    expect(await site.deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  // psql's role and database are part of what the host itself remembers: there is nothing to notice.
  if (provisioner === "provider") {
    it("is created again by a plain up when its data are lost, and when its host was rebuilt", async () => {
      await site.deployment.onHost("systemctl stop postgresql && rm -rf /var/lib/pgsql/data");
      expect(await site.deployment.up()).toMatch(/ 3 created/);
      expect(await site.asApplication("CREATE TABLE visit (at text)")).toBe("CREATE TABLE");

      await site.deployment.rebuildHost();
      expect(await site.deployment.up()).toMatch(/ 3 created/);
      expect(await site.asApplication("CREATE TABLE visit (at text)")).toBe("CREATE TABLE");
      expect(await site.deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
    });
  }
});
