import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { down, exec, type LabHost, up } from "../../dev/lab/host";
import { DatabaseSite } from "./databaseSite";
import { count, diagnostics } from "./diagnostics";
import { serveTls, type TlsServer } from "./tlsServer";

/** A host on which somebody set PostgreSQL up by hand, as the notes do. */
describe("a database that was made by hand", () => {
  let site: DatabaseSite;
  const hba = "/var/lib/pgsql/data/pg_hba.conf";

  beforeAll(async () => {
    site = await DatabaseSite.create("by-hand", { version: "15" });
    await site.deployment.onHost(
      "dnf -q -y module enable postgresql:15 && dnf -q -y install postgresql-server && postgresql-setup --initdb && systemctl start postgresql",
    );
    for (const sql of [
      "CREATE DATABASE tracks",
      "CREATE ROLE deployer LOGIN PASSWORD 'by hand'",
      "GRANT ALL PRIVILEGES ON DATABASE tracks TO deployer",
    ]) {
      await site.asPostgres(sql);
    }
    await site.asPostgres("CREATE TABLE old (row text); INSERT INTO old VALUES ('kept')", "tracks");
    await site.asPostgres("ALTER TABLE old OWNER TO deployer", "tracks");
    // As it is for every role before 15.
    await site.asPostgres("CREATE ROLE guest; GRANT CREATE ON SCHEMA public TO guest");
    for (const sql of [
      "CREATE FUNCTION trap(a text, b name) RETURNS text LANGUAGE plpgsql AS 'BEGIN ALTER ROLE guest SUPERUSER; RETURN concat(a, b); END'",
      "CREATE OPERATOR public.|| (LEFTARG = text, RIGHTARG = name, FUNCTION = trap)",
    ]) {
      await site.asPostgres(`SET ROLE guest; ${sql}`);
    }
    await site.deployment.onHost(`echo "# the administrator's own" >>${hba}`);
  });
  afterAll(() => site.deployment.dispose());

  it("is announced in the preview, which logs in nowhere", async () => {
    const preview = await site.deployment.succeed("preview");
    expect(preview).toContain("PostgreSQL has the role deployer and the database tracks");
  });

  it("is refused as another version before anything is touched", async () => {
    site.use({ version: "16" });
    expect(await site.deployment.upFails()).toContain(
      "pulumi config set tracks:postgresVersion 15",
    );
    site.use({});
  });

  it("is reported and left alone when pg_hba.conf has a line that the server refuses", async () => {
    await site.deployment.onHost(`echo "host all all nonsense" >>${hba}`);
    const before = await site.deployment.onHost(`sha256sum ${hba}`);
    expect(await site.deployment.upFails()).toMatch(/lines that PostgreSQL refuses.*line \d+: /);
    expect(await site.deployment.onHost(`sha256sum ${hba}`)).toBe(before);
    await site.deployment.onHost(`sed -i /nonsense/d ${hba}`);
  });

  it("is adopted with its rows, its owner's password replaced", async () => {
    await site.deployment.up();
    expect(await site.asApplication("SELECT row FROM old")).toBe("kept");
    expect(await site.asApplication("SELECT 1", { password: "by hand" })).toContain(
      "password authentication failed",
    );
    expect(await site.asApplication("CREATE TABLE new (row text)")).toBe("CREATE TABLE");
    expect(await site.deployment.onHost(`tail -n 1 ${hba}`)).toBe("# the administrator's own");
    expect(await site.deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("gave no role the rights of postgres, which ran nothing of that role's own", async () => {
    expect(await site.asPostgres("SELECT rolsuper FROM pg_roles WHERE rolname = 'guest'")).toBe(
      "f",
    );
    expect(
      await site.asPostgres("SELECT rolconfig FROM pg_roles WHERE rolname = 'tracks_provisioner'"),
    ).toContain("search_path=pg_catalog");
  });

  it("gets back what somebody changed after us", async () => {
    await site.deployment.onHost(`sed -i '/"deployer"/d' ${hba} && systemctl reload postgresql`);
    expect(await site.asApplication("SELECT 1")).toContain("failed");
    expect(await site.deployment.succeed("preview")).toContain("in pg_hba.conf: were changed");
    expect(await site.deployment.up()).toMatch(/kept \S+pg_hba\.conf as it was before: /);
    expect(await site.asApplication("SELECT row FROM old")).toBe("kept");
  });
});

/** The same program with a server on another host, which it may not touch but through SQL. */
describe("an external database", () => {
  const name = "db-elsewhere";
  let elsewhere: LabHost;
  let site: DatabaseSite;
  let server: TlsServer;
  const there = async (command: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await exec(elsewhere, command);
    if (exitCode !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout;
  };
  /** A new, empty server that lets its administrator in over the network, encrypted. */
  const install = async (): Promise<void> => {
    await there(
      "dnf -q -y module enable postgresql:15 && dnf -q -y install postgresql-server && postgresql-setup --initdb && echo \"listen_addresses = '*'\" >>/var/lib/pgsql/data/postgresql.conf",
    );
    server = await serveTls(there, elsewhere.address);
    await there(
      `cd / && runuser -u postgres -- psql -q -c "CREATE ROLE boss LOGIN CREATEDB CREATEROLE PASSWORD 'hush'"`,
    );
    await site.deployment.onHost(`cat >/root/ca.pem <<'END'\n${server.authority}END`);
  };
  const use = (external: object = {}, settings: object = {}): void => {
    site.use({
      database: "faraway",
      user: "painter",
      external: {
        host: elsewhere.address,
        port: 5432,
        adminUser: "boss",
        adminPassword: "hush",
        sslMode: "verify-full",
        authorities: server.authority,
        ...external,
      },
      ...settings,
    });
  };
  const refusal = async (): Promise<string> => {
    const { text } = await site.deployment.pulumi("preview");
    expect(count(diagnostics(text), "error: "), text).toBe(1);
    return diagnostics(text);
  };

  beforeAll(async () => {
    site = await DatabaseSite.create("db-external");
    elsewhere = await up(name, {});
    await site.deployment.onHost("yum -q -y install postgresql >/dev/null");
    await install();
  });
  afterAll(async () => {
    await down(name);
    await site.deployment.dispose();
  });

  it("is refused by one error of a preview, which says how to fix it", async () => {
    use({ authorities: server.otherAuthority });
    expect(await refusal()).toMatch(/is signed by none of tracks:postgresCaFile/);
    use({ sslMode: "disable", authorities: undefined });
    expect(await refusal()).toMatch(
      /pulumi config set tracks:postgresSslMode verify-full[^]*no encryption/,
    );
    use({ adminPassword: "another" });
    expect(await refusal()).toMatch(/password authentication failed/);
    use({}, { version: "16" });
    expect(await refusal()).toContain("pulumi config set tracks:postgresVersion 15");
  });

  it("is made through the tunnel, and the host itself gets no server", async () => {
    use();
    await site.deployment.up();
    expect(await site.asApplication("CREATE TABLE visit (at text)")).toBe("CREATE TABLE");
    expect(await site.asApplication("INSERT INTO visit VALUES ('first')")).toBe("INSERT 0 1");
    expect(
      await site.asApplication("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"),
    ).toBe("t");
    expect(await site.deployment.onHost("rpm -q postgresql-server || true")).toContain(
      "not installed",
    );
    expect(await site.deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it.each(["allow", "prefer"])("is the same one in the mode %s", async (sslMode) => {
    use({ sslMode, authorities: undefined });
    expect(await site.deployment.succeed("preview", "--refresh", "--run-program")).toMatch(
      /Resources:\n\s+\d+ unchanged\n/,
    );
  });

  it("refuses another name for role or database until it was renamed by hand", async () => {
    use({}, { database: "nearby" });
    expect(await refusal()).toContain('ALTER DATABASE "faraway" RENAME TO "nearby"');
    use({}, { user: "sculptor" });
    expect(await refusal()).toContain('ALTER ROLE "painter" RENAME TO "sculptor"');
  });

  it("keeps its data on destroy, and is adopted again", async () => {
    use();
    await site.deployment.succeed("destroy", "--yes", "--skip-preview");
    await site.deployment.up();
    expect(await site.asApplication("SELECT at FROM visit")).toBe("first");
  });

  it("is created again by a plain up when its server was rebuilt under the same address", async () => {
    await there("systemctl stop postgresql && rm -rf /var/lib/pgsql/data");
    await install();
    use();
    expect(await site.deployment.up()).toMatch(/3 created/);
    expect(await site.asApplication("CREATE TABLE visit (at text)")).toBe("CREATE TABLE");
    expect(await site.deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });
});
