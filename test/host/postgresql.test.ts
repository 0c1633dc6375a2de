import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { installPostgresql, linkPrograms, postgresqlPrograms } from "./postgresqlHost";
import { manifest, PrivateRoot, type Run } from "./privateRoot";

const data = "/var/lib/pgsql/data";
const hba = `${data}/pg_hba.conf`;
const vendorLines = "local all all peer\nhost all all 127.0.0.1/32 ident\n";

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
  installPostgresql(host);
});
afterEach(() => {
  host.remove();
});

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
  `host "tracks" "deployer" 127.0.0.1/32 scram-sha-256`,
  "# END tracks.dev",
  "",
].join("\n");

test("sets up a cluster, a running service and our lines first on a bare host; then nothing changes", async () => {
  const first = await host.apply(server());
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toContain(`initialised PostgreSQL's data directory ${data}`);
  expect(first.stdout).toContain(
    "changed service postgresql (disabled stopped -> enabled running)",
  );
  expect(host.read(hba)).toBe(block + vendorLines);
  host.calls();
  expect((await host.apply(server())).stdout).toBe("applied database: unchanged\n");
  expect(host.calls().join("\n")).not.toMatch(/initdb|reload|start/);
});

test.each([
  ["the system's own where it is there", "LANG=de_DE.UTF-8\n", "de_DE.utf8\n", "de_DE.UTF-8"],
  ["C.UTF-8 where the system's has no language pack", "LANG=en_US.UTF-8\n", "", "C.UTF-8"],
  ["C.UTF-8 where the system's is no UTF-8", 'LANG="C"\n', "", "C.UTF-8"],
  ["en_US.UTF-8 on Enterprise Linux 7", "", "", "en_US.UTF-8", "7"],
])(
  "a new cluster is in UTF-8, in the locale %s",
  async (_, conf, others, locale, release = "9") => {
    host.remove();
    host = new PrivateRoot({ el: release === "7" ? 7 : 9 });
    installPostgresql(host);
    host.write("/etc/locale.conf", conf);
    host.write("/locales", others);
    expect(await host.apply(server())).toMatchObject({ code: 0, stderr: "" });
    expect(host.read(`${data}/made-with`)).toBe(`UTF8 ${locale}\n`);
  },
);

test("gives no password to another user's program at the server's address", async () => {
  const listener = (address: string, uid: number) =>
    `0: ${address}:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000 ${uid} 0 1 1\n`;
  const survey = async () => {
    const { stdout } = await host.run(["survey", "postgresql=postgresql,auto,auto,5432"]);
    return /^obstacle\t.*$/m.exec(stdout)?.[0];
  };
  const refused = /the user with the id 12345 listens on 127\.0\.0\.1:5432, /;
  // The server has IPv6's loopback only, or all addresses of IPv6 but this one of IPv4.
  host.write("/proc/net/tcp", listener("0100007F", 12345));
  host.write("/proc/net/tcp6", listener("00000000000000000000000001000000", 26));
  expect(await survey()).toMatch(refused);
  expect((await host.apply(server())).reason).toMatch(refused);
  host.write("/proc/net/tcp", "");
  host.write("/proc/net/tcp6", listener("0000000000000000FFFF00000100007F", 12345));
  expect((await host.apply(server())).reason).toMatch(refused);

  host.write("/proc/net/tcp", listener("0100007F", 26) + listener("0200007F", 12345));
  host.write("/proc/net/tcp6", listener("0".repeat(32), 0));
  expect(await survey()).toBeUndefined();
  expect(await host.apply(server())).toMatchObject({ code: 0, stderr: "" });
});

test("does not initialise a data directory that has files in it", async () => {
  host.write(`${data}/precious`, "rows\n");
  const run = await host.apply(server());
  expect(run.code).toBe(1);
  expect(run.reason).toContain(`${data} is not empty, but is not a data directory of PostgreSQL`);
  expect(host.read(`${data}/precious`)).toBe("rows\n");
  expect(host.exists("/services/postgresql/enabled")).toBe(false);

  // What somebody puts there afterwards is no cluster of ours, nor is one of ours elsewhere.
  host.write(`${data}/PG_VERSION`, "15\n");
  const survey = async () =>
    (await host.run(["survey", "postgresql=postgresql,auto,auto,5432"])).stdout;
  expect(await survey()).toContain(`fact postgresql-data ${data}\n`);
  host.write("/var/lib/tracks/postgresql-unfinished", "/elsewhere\n");
  expect(await survey()).toContain(`fact postgresql-data ${data}\n`);
});

test("refuses a server or data of another version before anything is changed", async () => {
  host.write("/server/version", "13.11");
  const other = await host.apply(server("module postgresql:15"));
  expect(other.reason).toContain("the host has PostgreSQL 13 (/usr/bin/postgres)");
  expect(other.reason).toContain("set PostgresDatabase.version to 13");
  expect(other.reason).toContain(`move ${data} away`);
  expect(other.reason).toContain("dnf distro-sync 'postgresql*'");
  expect(host.exists("/etc/dnf/modules.d/postgresql.module")).toBe(false);

  host.write("/server/version", "15.8");
  host.write(`${data}/PG_VERSION`, "13\n");
  expect((await host.apply(server())).reason).toContain("are of PostgreSQL 13");
});

/** The manifest for a server of another version. */
const serverOf = (version: string): string =>
  server()
    .replace("postgresql-server 15", `postgresql-server ${version}`)
    .replace("=scram-sha-256", "=md5");

test("versions before 10 have two numbers, and support only md5", async () => {
  host.write("/server/version", "9.2.24");
  host.write("/server/encryption", "on\n");
  host.write(`${data}/PG_VERSION`, "9.2\n");
  host.write(hba, vendorLines);
  expect(await host.apply(serverOf("9.2"))).toMatchObject({ code: 0, stderr: "" });
  expect(host.read(hba)).toContain(`host "tracks" "deployer" 127.0.0.1/32 md5\n`);
});

test("does not recommend a version that PostgresDatabase.version refuses", async () => {
  for (const [installed, named] of [
    ["8.4.20", "8.4"],
    ["9.1.24", "9.1"],
    ["19.1", "19"],
  ]) {
    host.write("/server/version", installed ?? "");
    const { reason } = await host.apply(server());
    expect(reason).toContain(`the host has PostgreSQL ${named ?? ""} (/usr/bin/postgres)`);
    expect(reason).toContain("this program supports 9.2 to 9.6 and 10 to 18");
    expect(reason).not.toContain("set PostgresDatabase.version");
  }
  expect((await host.apply(serverOf("8.4"))).stderr).toContain(
    'PostgreSQL "8.4": must be a major version, 9.2 to 9.6 or 10 to 18',
  );
});

test("asks for a setting that PostgreSQL before 9.4 reads only from its file", async () => {
  host.write("/server/version", "9.2.24");
  host.write("/server/encryption", "off\n");
  host.write(`${data}/PG_VERSION`, "9.2\n");
  host.write(hba, vendorLines);
  const { reason } = await host.apply(serverOf("9.2"));
  expect(reason).toContain(`write password_encryption = on into ${data}/postgresql.conf`);
  expect(host.read("/server/log")).not.toContain("ALTER SYSTEM");
});

test("does not use md5 on a host in FIPS mode", async () => {
  host.write("/server/fips", "");
  await host.apply(server());
  expect(await host.apply(role("correct horse"))).toMatchObject({ code: 0, stderr: "" });
  expect((await host.apply(role("correct horse"))).stdout).toBe("applied roles: unchanged\n");
  expect((await host.run(["survey", "postgresql=postgresql,auto,auto,5432"])).stdout).toContain(
    "fact postgresql-roles deployer\n",
  );
});

/** As PostgreSQL's own manual has it: a unit without `ExecReload=`, a data directory by option. */
const unitByHand =
  "[Service]\nUser=postgres\nExecStart=/usr/local/pgsql/bin/postgres -D /usr/local/pgsql/data/ -p 5432\n";

test("a server that was built by hand gets its cluster from initdb, and reloads without its unit", async () => {
  rmSync(host.at("/usr/bin"), { recursive: true });
  linkPrograms(host, "/usr/local/pgsql/bin", ...postgresqlPrograms);
  host.write("/etc/systemd/system/postgresql.service", unitByHand);
  mkdirSync(host.at("/usr/local/pgsql/data"));
  host.write("/server/data-directory", host.at("/usr/local/pgsql/data"));
  const run = await host.apply(server());
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toContain("initialised PostgreSQL's data directory /usr/local/pgsql/data\n");
  expect(host.read("/usr/local/pgsql/data/pg_hba.conf")).toBe(block + vendorLines);
  const calls = host.calls();
  expect(calls).toContain(`pg_ctl reload -D ${host.at("/usr/local/pgsql/data")}`);
  expect(calls.filter((call) => /^(systemctl|service) .*reload /.test(call))).toEqual([]);
});

test("names a data directory that postgres can't create, with the command that creates it", async () => {
  host.write(data.slice(0, -"/data".length), "no directory\n");
  expect((await host.apply(server())).reason).toMatch(
    /can't initialise PostgreSQL's data directory .*install -d -o postgres -g postgres -m 0700 \/var\/lib\/pgsql\/data\): initdb: error: could not create directory/,
  );
});

test("a running server is asked for its data directory", async () => {
  host.write("/srv/pgsql/PG_VERSION", "15\n");
  host.write("/srv/pgsql/pg_hba.conf", vendorLines);
  host.write("/server/data-directory", host.at("/srv/pgsql"));
  host.write("/services/postgresql/running", "");
  const survey = await host.run(["survey", "postgresql=postgresql,auto,auto,5432"]);
  expect(survey.stdout).toContain("fact postgresql-data /srv/pgsql\n");
  expect(await host.apply(server())).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/srv/pgsql/pg_hba.conf")).toBe(block + vendorLines);
});

test("programs of the server are run, and its files opened, by postgres only", async () => {
  await host.apply(server());
  await host.apply(role("correct horse"));
  await host.apply(server());
  await host.run(["probe"]);
  await host.run(["survey", "postgresql=postgresql,auto,auto,5432"]);
  const calls = host.calls();
  const ran = calls.flatMap((call, index) =>
    postgresqlPrograms.includes(call.split(" ")[0] ?? "") ? [calls[index - 1] ?? ""] : [],
  );
  expect(ran.length).toBeGreaterThan(10);
  for (const before of ran) expect(before).toMatch(/^runuser -s \/bin\/sh -c .* postgres$/);
  expect(calls.some((call) => /^runuser .*cat -- \S+PG_VERSION/.test(call))).toBe(true);
});

test("programs of the server get no open file of root", async () => {
  // They, or the directory that they are in, may be another user's.
  for (const name of postgresqlPrograms) {
    rmSync(host.at(`/usr/bin/${name}`));
    const record = `ls -l /proc/self/fd | sed -n "s|.* -> ||p" >>"$TRACKS_ROOT/seen"`;
    const program = join(__dirname, "commands", name);
    host.write(`/usr/bin/${name}`, `#!/bin/bash\n${record}\nexec ${program} "$@"\n`, 0o755);
  }
  expect(await host.apply(server())).toMatchObject({ code: 0, stderr: "" });
  expect(await host.apply(role("correct horse"))).toMatchObject({ code: 0, stderr: "" });
  const seen = host.read("/seen").split("\n");
  expect(seen.length).toBeGreaterThan(10);
  // Before 5.1, bash has a here-document in a file, which is gone by then.
  const open = seen.filter((path) => path.startsWith(host.root) && !path.endsWith(" (deleted)"));
  expect(open).toEqual([]);
});

test.each([
  ["trust", "local all postgres trust\nlocal all all md5\n"],
  ["an ident map", "local all all peer\nlocal all postgres peer map=admins\n"],
])("logins as postgres by %s still work, now and after remove", async (_, lines) => {
  host.write(`${data}/PG_VERSION`, "15\n");
  host.write(hba, lines);
  expect(await host.apply(server())).toMatchObject({ code: 0, stderr: "" });
  expect(host.read(hba)).toBe(block + lines);
  await host.removeResource("database");
  expect(host.read(hba)).toBe(block + lines);
  expect(block).not.toContain("local");
});

test.each([
  ["asks for a password", "local all all md5\n", /fe_sendauth: no password supplied/],
  ["maps to others", "local all all peer map=admins\n", /Peer authentication failed for user/],
])(
  "reports a server that %s when postgres logs in, and changes nothing",
  async (_, lines, words) => {
    host.write(`${data}/PG_VERSION`, "15\n");
    host.write(hba, lines);
    const { code, reason } = await host.apply(server());
    expect(code).toBe(1);
    expect(reason).toContain('put the line "local all postgres peer" above the line of');
    expect(reason).toMatch(words);
    expect(host.read(hba)).toBe(lines);
    host.write("/services/postgresql/running", "");
    const survey = await host.run(["survey", "postgresql=postgresql,auto,auto,5432"]);
    expect(survey.stdout).toMatch(/^fact postgresql-said psql: error: /m);
    expect(survey.stdout).toMatch(words);
  },
);

test("names a line above ours that matches first in the error", async () => {
  await host.apply(server());
  host.write(hba, `host all all 127.0.0.1/32 trust\n${host.read(hba)}`);
  host.write("/server/loaded", host.read(hba));
  const { reason } = await host.apply(server());
  expect(reason).toContain('If a line above "# BEGIN tracks.dev"');
  expect(reason).toContain('move it below "# END tracks.dev"');
});

test("programs are found where the service declares them, or where they are configured", async () => {
  rmSync(host.at("/usr/bin"), { recursive: true });
  linkPrograms(host, "/usr/local/pgsql/bin", ...postgresqlPrograms);
  expect((await host.apply(server())).code).toBe(0);
  const configured = server().replace("binaries=auto", "binaries=/opt/pgsql/bin");
  expect((await host.apply(configured)).reason).toContain(
    "/opt/pgsql/bin has no program postgres: set PostgresDatabase.binaries",
  );
});

test("password_encryption is set before any role is made", async () => {
  host.write("/server/encryption", "md5\n");
  expect((await host.apply(server())).stdout).toContain(
    "password_encryption (md5 -> scram-sha-256)",
  );
  expect(host.read("/server/encryption")).toBe("scram-sha-256\n");
});

test("reports an administrator's bad line, and does not change it", async () => {
  await host.apply(server());
  const edited = `${block}host bad line\n${vendorLines}`;
  host.write(hba, edited);
  const more = server("postgresql-access provisioner databases=postgres,tracks");
  const run = await host.apply(more);
  expect(run.code).toBe(1);
  expect(run.reason).toContain(`${hba} has lines that PostgreSQL refuses`);
  expect(run.reason).toContain("line 4: invalid");
  expect(host.read(hba)).toBe(edited);
});

test("undoes lines that do not take effect", async () => {
  await host.apply(server());
  const before = host.read(hba);
  // The service claims to reload, and keeps what it has.
  host.write("/services/postgresql/deaf", "");
  const run = await host.apply(server("postgresql-access other databases=tracks"));
  expect(run.code).toBe(1);
  expect(run.reason).toContain("does not ask other for a password on 127.0.0.1");
  expect(host.read(hba)).toBe(before);
});

test("sets a role's password through stdin only, once, and again after a change by hand", async () => {
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
    "drift roles\tpassword of the role deployer\twas changed",
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

test("does not report a password digest of a former version as drift", async () => {
  await host.apply(server());
  await host.apply(role("correct horse"));
  for (const file of ["records", "resources/tracks.dev/roles/facts"]) {
    const path = `/var/lib/tracks/${file}`;
    const ofMd5 = host
      .read(path)
      .replace(
        /^(.*postgresql-password deployer\t.*?)[0-9a-f]{64}(.*)$/m,
        `$1${"5a".repeat(16)}$2`,
      );
    expect(ofMd5).not.toBe(host.read(path));
    host.write(path, ofMd5);
  }
  expect((await host.run(["probe"])).stdout).toContain("ok roles\n");
  expect((await host.apply(role("correct horse"))).code).toBe(0);
  host.write("/server/password/deployer", "SCRAM-SHA-256$by-hand\n");
  expect((await host.run(["probe"])).stdout).toContain("drift roles\tpassword");
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

test("does not take a cluster of an unfinished run for a stopped server with data", async () => {
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

test("leaves no former verifier after a run that was killed while it kept one", async () => {
  await host.apply(server());
  await host.apply(role("correct horse"));
  const before = readdirSync(host.at("/var/lib/tracks/kept"));
  host.killBeforeKeeping("verifier-");
  expect((await host.apply(role("battery staple"))).code).toBeUndefined();
  rmSync(host.at("/counted/mv"));
  expect(await host.run(["recover"])).toMatchObject({ code: 0, stderr: "" });
  expect(readdirSync(host.at("/var/lib/tracks/kept"))).toEqual(before);
});

test("a failed run restores a role's former password, and drops nothing", async () => {
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

test("gives a database of somebody else to the role, or to the provisioning role", async () => {
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
  expect(removed.stdout).toContain("the service postgresql keeps running, and its data stay");
  expect(removed.stdout).toContain("PostgreSQL's pg_hba.conf keeps its lines");
  expect(host.exists("/services/postgresql/running")).toBe(true);
  expect(host.read(hba)).toBe(block + vendorLines);
  expect((await host.apply(server())).stdout).toBe("applied database: unchanged\n");
});

test("the survey distinguishes a stopped server from one without data, and lists what a running one has", async () => {
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
    "fact postgresql-encryption scram-sha-256",
    "fact postgresql-roles deployer",
    "fact postgresql-databases tracks",
  ]);
  rmSync(host.at("/services/postgresql/running"));
  expect(await survey()).toContain("fact postgresql-roles unknown");
});

test("checks all entries before anything is changed", async () => {
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
  expect(run.stderr).toMatch(/PostgreSQL "15.2": must be a major version/);
  expect(run.stderr).toMatch(/encryption=rot13/);
  expect(run.stderr).toMatch(/port=0: must be 1 to 65535/);
  expect(run.stderr).toMatch(/createdb=perhaps: must be yes or no/);
  expect(run.stderr).toMatch(/postgresql-role takes one line of content/);
  expect(host.calls()).toEqual([]);
});
