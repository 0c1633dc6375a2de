import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { manifest, PrivateRoot, type Run } from "./privateRoot";

const data = "/var/lib/pgsql/data";
const hba = `${data}/pg_hba.conf`;
const vendorLines = "local all all peer\nhost all all 127.0.0.1/32 ident\n";

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
  install("15.8");
  host.write(
    "/etc/passwd",
    `${host.read("/etc/passwd")}postgres:x:26:26::/var/lib/pgsql:/bin/bash\n`,
  );
});
afterEach(() => {
  host.remove();
});

/** A server as its package leaves it: no data, a service that is off. */
function install(version: string): void {
  for (const program of ["postgres", "psql"]) {
    mkdirSync(host.at("/usr/bin"), { recursive: true });
    symlinkSync(join(__dirname, "commands", program), host.at(`/usr/bin/${program}`));
  }
  host.write("/rpmdb", "nginx\npostgresql-server\n");
  host.write("/server/version", version);
  host.write("/server/encryption", "scram-sha-256\n");
  mkdirSync(host.at("/services/postgresql"), { recursive: true });
}

const server = (...more: string[]): string =>
  manifest(
    "database",
    "postgresql",
    "package postgresql-server",
    "postgresql-server 15 service=postgresql binaries=auto data=auto port=5432 encryption=scram-sha-256",
    "postgresql-access deployer databases=tracks",
    ...more,
  );
const role = (password: string): string =>
  manifest(
    "roles",
    "postgresql",
    "postgresql-role deployer createdb=no createrole=no",
    `| ${password}`,
    "postgresql-database tracks owner=deployer",
  );
const block = [
  "# BEGIN tracks.dev: written by Pulumi; the first line that matches decides",
  "local all postgres peer",
  `host "tracks" "deployer" 127.0.0.1/32 scram-sha-256`,
  "# END tracks.dev",
  "",
].join("\n");

test("a bare host gets a cluster, a running service and our lines first; then nothing changes", async () => {
  const first = await host.apply(server());
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toContain(`initialised PostgreSQL's data directory ${data}`);
  expect(first.stdout).toContain(
    "changed service postgresql (disabled stopped -> enabled running)",
  );
  expect(host.read(hba)).toBe(block + vendorLines);
  host.calls();
  expect((await host.apply(server())).stdout).toBe("applied database: unchanged\n");
  expect(host.calls().join("\n")).not.toMatch(/postgresql-setup|reload|start/);
});

test("the older postgresql-setup, and the SysV service's own initdb, are known", async () => {
  host.write("/old-setup", "");
  expect((await host.apply(server())).code).toBe(0);
  expect(host.calls()).toContain("postgresql-setup initdb");
});

test("nothing is initialised over what lies in the data directory", async () => {
  host.write(`${data}/precious`, "rows\n");
  const run = await host.apply(server());
  expect(run.code).toBe(1);
  expect(run.reason).toContain(`${data} is not empty and yet no data directory of PostgreSQL`);
  expect(host.read(`${data}/precious`)).toBe("rows\n");
  expect(host.exists("/services/postgresql/enabled")).toBe(false);
});

test("a server or data of another version are refused before anything is touched", async () => {
  host.write("/server/version", "13.11");
  const other = await host.apply(server("module postgresql:15"));
  expect(other.reason).toContain("the host has PostgreSQL 13 (/usr/bin/postgres)");
  expect(other.reason).toContain("set tracks:postgresVersion to 13");
  expect(host.exists("/etc/dnf/modules.d/postgresql.module")).toBe(false);

  host.write("/server/version", "15.8");
  host.write(`${data}/PG_VERSION`, "13\n");
  expect((await host.apply(server())).reason).toContain("were made by PostgreSQL 13");
});

test("versions before 10 are named by two numbers, and know md5 only", async () => {
  host.write("/server/version", "9.2.24");
  host.write("/server/encryption", "on\n");
  const old = server()
    .replace("postgresql-server 15", "postgresql-server 9.2")
    .replace("=scram-sha-256", "=md5");
  host.write(`${data}/PG_VERSION`, "9.2\n");
  host.write(hba, vendorLines);
  expect(await host.apply(old)).toMatchObject({ code: 0, stderr: "" });
  expect(host.read(hba)).toContain(`host "tracks" "deployer" 127.0.0.1/32 md5\n`);
});

test("programs are found where the service declares them, or where they are configured", async () => {
  for (const program of ["postgres", "psql"]) {
    rmSync(host.at(`/usr/bin/${program}`));
    mkdirSync(host.at("/usr/local/pgsql/bin"), { recursive: true });
    symlinkSync(join(__dirname, "commands", program), host.at(`/usr/local/pgsql/bin/${program}`));
  }
  expect((await host.apply(server())).code).toBe(0);
  const configured = server().replace("binaries=auto", "binaries=/opt/pgsql/bin");
  expect((await host.apply(configured)).reason).toContain(
    "/opt/pgsql/bin has no program postgres: set tracks:postgresBinaries",
  );
});

test("password_encryption is set before any role is made", async () => {
  host.write("/server/encryption", "md5\n");
  expect((await host.apply(server())).stdout).toContain(
    "password_encryption (md5 -> scram-sha-256)",
  );
  expect(host.read("/server/encryption")).toBe("scram-sha-256\n");
});

test("an administrator's bad line is reported and left alone", async () => {
  await host.apply(server());
  const edited = `${block}host bad line\n${vendorLines}`;
  host.write(hba, edited);
  const more = server("postgresql-access provisioner databases=postgres,tracks");
  const run = await host.apply(more);
  expect(run.code).toBe(1);
  expect(run.reason).toContain(`${hba} has lines that PostgreSQL refuses`);
  expect(run.reason).toContain("line 5: invalid");
  expect(host.read(hba)).toBe(edited);
});

test("lines that do not come into force are put back", async () => {
  await host.apply(server());
  const before = host.read(hba);
  // The service claims to reload, and keeps what it has.
  host.write("/services/postgresql/deaf", "");
  const run = await host.apply(server("postgresql-access other databases=tracks"));
  expect(run.code).toBe(1);
  expect(run.reason).toContain("asks other for no password on 127.0.0.1");
  expect(host.read(hba)).toBe(before);
});

test("a role gets its password through stdin only, once, and again when it was changed by hand", async () => {
  await host.apply(server());
  host.calls();
  const made = await host.apply(role("correct horse"));
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/server/role/deployer")).toBe(
    "login=true createdb=false createrole=false superuser=false discreet=false\n",
  );
  expect(host.read("/server/database/tracks")).toBe("deployer\n");
  const verifier = host.read("/server/password/deployer");
  expect((await host.apply(role("correct horse"))).stdout).toBe("applied roles: unchanged\n");
  expect(host.read("/server/password/deployer")).toBe(verifier);

  host.write("/server/password/deployer", "SCRAM-SHA-256$by-hand\n");
  expect((await host.run(["probe"])).stdout).toContain(
    "drift roles the password of the role deployer was changed",
  );
  await host.apply(role("correct horse"), { repair: 1 });
  expect(host.read("/server/password/deployer")).not.toContain("by-hand");

  const before = host.read("/server/password/deployer");
  await host.apply(role("battery staple"));
  expect(host.read("/server/password/deployer")).not.toBe(before);
  const everything = host.calls().join("\n") + host.read("/server/log");
  expect(everything).not.toMatch(/correct horse|battery staple/);
  expect(host.read("/var/lib/tracks/resources/tracks.dev/roles/manifest")).toContain("| [secret]");
});

test("a role that makes roles leaves no statement in the server's log", async () => {
  await host.apply(server());
  const provisioner = role("correct horse")
    .replace("createrole=no", "createrole=yes")
    .replace("database tracks owner=deployer", "database tracks owner=postgres");
  expect((await host.apply(provisioner)).code).toBe(0);
  expect(host.read("/server/log")).toContain(
    `ALTER ROLE "deployer" SET log_statement = 'none'; ALTER ROLE "deployer" SET log_min_error_statement = 'panic';`,
  );
  expect((await host.apply(provisioner)).stdout).toBe("applied roles: unchanged\n");
});

test("a cluster that an unfinished run of ours made is no stopped server with data", async () => {
  const bad = server("postgresql-access postgres databases=tracks");
  host.write("/services/postgresql/deaf", "");
  mkdirSync(host.at(data), { recursive: true });
  expect((await host.apply(bad)).code).toBe(1);
  expect(host.exists(`${data}/PG_VERSION`)).toBe(true);
  expect(host.exists("/services/postgresql/running")).toBe(false);
  const survey = (): Promise<Run> => host.run(["survey", "postgresql=postgresql,auto,auto,5432"]);
  expect((await survey()).stdout).toContain("fact postgresql-data absent");
  rmSync(host.at("/services/postgresql/deaf"));
  expect((await host.apply(server())).code).toBe(0);
  rmSync(host.at("/services/postgresql/running"));
  expect((await survey()).stdout).toContain(`fact postgresql-data ${data}`);
});

test("a failed run gives a role its former password, and never drops what it made", async () => {
  await host.apply(server());
  await host.apply(role("correct horse"));
  const before = host.read("/server/password/deployer");
  host.write("/server/refuses", "GRANT ALL");
  const run = await host.apply(role("battery staple"));
  expect(run.code).toBe(1);
  expect(run.reason).toContain("can't grant on the database tracks");
  expect(host.read("/server/password/deployer")).toBe(before);
  expect(host.read("/server/log")).not.toMatch(/DROP/);
});

test("a database that somebody else made goes to the role, or to who will make the role", async () => {
  await host.apply(server());
  host.write("/server/database/tracks", "postgres\n");
  const adopt = manifest(
    "provisioning",
    "postgresql",
    "postgresql-adoption tracks role=deployer provisioner=provisioner",
  );
  expect((await host.apply(adopt)).stdout).toContain("gave the database tracks to provisioner");
  host.write(
    "/server/role/deployer",
    "login=true createdb=false createrole=false superuser=false discreet=false\n",
  );
  host.write("/server/database/tracks", "postgres\n");
  expect((await host.apply(adopt)).stdout).toContain("gave the database tracks to deployer");
  host.write(
    "/server/role/deployer",
    "login=true createdb=true createrole=true superuser=true discreet=false\n",
  );
  expect((await host.apply(adopt)).reason).toContain(`ALTER ROLE "deployer" NOSUPERUSER`);
});

test("remove leaves server, roles, data and lines, and says so", async () => {
  await host.apply(server());
  await host.apply(role("correct horse"));
  const roles = await host.removeResource("roles");
  expect(roles.stdout).toContain("note: PostgreSQL's role deployer stays");
  expect(roles.stdout).toContain("note: PostgreSQL's database tracks stays");
  const removed = await host.removeResource("database");
  expect(removed).toMatchObject({ code: 0, stderr: "" });
  expect(removed.stdout).toContain("the service postgresql keeps running, with its data");
  expect(removed.stdout).toContain("PostgreSQL's pg_hba.conf keeps its lines");
  expect(host.exists("/services/postgresql/running")).toBe(true);
  expect(host.read(hba)).toBe(block + vendorLines);
  expect((await host.apply(server())).stdout).toBe("applied database: unchanged\n");
});

test("the survey tells a stopped server from one without data, and names what a running one has", async () => {
  const survey = async () =>
    (await host.run(["survey", "postgresql=postgresql,auto,auto,5432"])).stdout
      .split("\n")
      .filter((line) => line.startsWith("fact postgresql"));
  expect(await survey()).toEqual([
    "fact postgresql-server 15",
    "fact postgresql-service stopped",
    "fact postgresql-data absent",
  ]);
  await host.apply(server());
  await host.apply(role("correct horse"));
  expect(await survey()).toEqual([
    "fact postgresql-server 15",
    "fact postgresql-service running",
    `fact postgresql-data ${data}`,
    "fact postgresql-roles deployer",
    "fact postgresql-databases tracks",
  ]);
  rmSync(host.at("/services/postgresql/running"));
  expect(await survey()).toContain("fact postgresql-roles unknown");
});

test("entries are checked as a whole before anything is touched", async () => {
  const run = await host.apply(
    manifest(
      "database",
      "postgresql",
      "postgresql-server 15.2 service=postgresql binaries=bin data=auto port=0 encryption=rot13",
      "postgresql-access a;b databases=tracks",
      "postgresql-role deployer createdb=perhaps createrole=no",
    ),
  );
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(/PostgreSQL "15.2": give a major version/);
  expect(run.stderr).toMatch(/encryption=rot13/);
  expect(run.stderr).toMatch(/port=0: give 1 to 65535/);
  expect(run.stderr).toMatch(/createdb=perhaps: give yes or no/);
  expect(run.stderr).toMatch(/postgresql-role takes one line of content/);
  expect(host.calls()).toEqual([]);
});
