import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./bench";
import type { Declared } from "./declared";
import { PostgresServer } from "./postgresqlServer";

/** What this project relies on of the postgresql provider, through the tunnel. */
describe.concurrent("roles, databases and grants", () => {
  let bench: Bench;
  let server: PostgresServer;
  beforeAll(async () => {
    bench = await Bench.create("contract-postgres");
    server = await PostgresServer.install(bench, 25_430);
  });
  afterAll(() => bench.dispose());

  it("are not connected to in a preview of what is new", async () => {
    const stack = await bench.stack("lazy");
    // Nothing listens there.
    await stack.declare(server.at(25_431).provider(), ...site("lazy"));
    const { code, text } = await stack.preview();
    expect(text).toMatch(/5 to create/);
    expect(code).toBe(0);
  });

  it("are made by a role that is no superuser, for another owner", async () => {
    const stack = await bench.stack("made");
    const way = server.at(25_432).way();
    await stack.declare(...way, ...site("made"));
    const { code, text, seconds } = await stack.up();
    console.log(`role, database and grant through the tunnel: ${seconds.toFixed(1)} s`);
    expect(text).toMatch(/5 created/);
    expect(code).toBe(0);

    expect(await server.logsIn("made", "made-Secret-1", "made")).toBe(true);
    const owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'made'";
    expect(await server.psql(owner)).toBe("made");
    const granted = "SELECT has_schema_privilege('made', 'public', 'CREATE')";
    expect(await server.psql(granted, "made")).toBe("t");
    // The membership that this took is given back.
    // Others are taken and given back by the tests beside this one.
    const memberships =
      "SELECT count(*) FROM pg_auth_members WHERE member = 'provisioner'::regrole AND roleid = 'made'::regrole";
    expect(await server.psql(memberships)).toBe("0");
    expect(await stack.apply(...way, ...site("made"))).toMatch(/5 unchanged/);
  });

  it("have defaults that hold what the server decides", async () => {
    const stack = await bench.stack("defaults");
    await stack.apply(...server.at(25_433).way(), ...site("defaults"));
    const database = (await stack.resource("database"))?.outputs;
    expect(database).toMatchObject({
      name: "defaults",
      owner: "defaults",
      encoding: "UTF8",
      template: "template0",
      connectionLimit: -1,
      allowConnections: true,
      isTemplate: false,
    });
    const role = await stack.resource("role");
    expect(role?.id).toBe("defaults");
    expect(role?.outputs).toMatchObject({ login: true, superuser: false, validUntil: "infinity" });
    expect((await stack.resource("grant"))?.id).toBe("defaults_defaults_public_schema");
  });

  it("survive a destroy when retained, and are adopted with a new password in one run", async () => {
    const stack = await bench.stack("adopted");
    const way = server.at(25_434).way();
    await stack.apply(...way, ...site("adopted", { options: { retainOnDelete: true } }));
    await server.psql("CREATE TABLE kept AS SELECT 42 AS answer", "adopted");
    // Nothing is contacted for what is retained: the tunnel isn't needed.
    const destroyed = await stack.destroy();
    expect(destroyed.text).toMatch(/5 deleted/);
    expect(destroyed.code).toBe(0);
    expect(await server.psql("SELECT answer FROM kept", "adopted")).toBe("42");

    const options = { retainOnDelete: true, import: "adopted" };
    const adopting = site("adopted", { password: "adopted-Secret-2", options });
    const imported = await stack.apply(...way, ...adopting);
    expect(imported).toMatch(/2 imported/);
    expect(await server.logsIn("adopted", "adopted-Secret-2", "adopted")).toBe(true);
    expect(await server.logsIn("adopted", "adopted-Secret-1", "adopted")).toBe(false);
    expect(await server.psql("SELECT answer FROM kept", "adopted")).toBe("42");

    expect(await stack.apply(...way, ...adopting)).toMatch(/5 unchanged/);
    const without = { password: "adopted-Secret-2", options: { retainOnDelete: true } };
    expect(await stack.apply(...way, ...site("adopted", without))).toMatch(/5 unchanged/);
    for (const text of [imported, await stack.stateText()])
      expect(text).not.toMatch(/adopted-Secret|admin-Secret/);
  });

  it("are connected to in a preview as soon as one is imported", async () => {
    const stack = await bench.stack("importing");
    const [role] = site("provisioner", { options: { import: "provisioner" } });
    await stack.declare(server.at(25_435).provider(), ...(role ? [role] : []));
    const { code, text } = await stack.preview();
    expect(code).not.toBe(0);
    expect(text).toMatch(/127\.0\.0\.1:25435: connect: connection refused/);
  });

  it("change a password in place, and show it nowhere", async () => {
    const stack = await bench.stack("rotated");
    const way = server.at(25_436).way();
    const made = await stack.apply(...way, ...site("rotated"));
    await stack.declare(...way, ...site("rotated", { password: "rotated-Secret-2" }));
    const preview = await stack.preview("--diff");
    expect(preview.text).toMatch(/~ password *: \[secret\]/);
    expect(preview.text).toMatch(/1 to update/);
    const { text, code } = await stack.up();
    expect(text).toMatch(/1 updated/);
    expect(code).toBe(0);
    expect(await server.logsIn("rotated", "rotated-Secret-2", "rotated")).toBe(true);
    expect(await server.logsIn("rotated", "rotated-Secret-1", "rotated")).toBe(false);
    for (const output of [made, preview.text, text, await stack.stateText()])
      expect(output).not.toMatch(/rotated-Secret|admin-Secret/);
    expect(await stack.openStateText()).toContain("rotated-Secret-2");
  });

  it("are refreshed only while the program with the tunnel runs, and drift shows", async () => {
    const stack = await bench.stack("refreshed");
    const way = server.at(25_437).way();
    await stack.apply(...way, ...site("refreshed"));
    const alone = await stack.refresh();
    expect(alone.code).not.toBe(0);
    expect(alone.text).toMatch(/127\.0\.0\.1:25437: connect: connection refused/);

    const clean = await stack.refresh("--run-program");
    expect(clean.text).not.toMatch(/updated/);
    expect(clean.code).toBe(0);
    await server.psql("ALTER ROLE refreshed NOLOGIN CONNECTION LIMIT 3");
    expect((await stack.refresh("--run-program")).text).toMatch(/1 updated/);
    expect(await stack.apply(...way, ...site("refreshed"))).toMatch(/1 updated/);
    expect(await server.logsIn("refreshed", "refreshed-Secret-1", "refreshed")).toBe(true);
  });

  it("are dropped with what is in them when they are not retained", async () => {
    const stack = await bench.stack("dropped");
    await stack.apply(...server.at(25_438).way(), ...site("dropped"));
    await server.psql("CREATE TABLE lost AS SELECT 42 AS answer", "dropped");
    const { text, code } = await stack.destroy("--run-program");
    expect(text).toMatch(/5 deleted/);
    expect(code).toBe(0);
    const left =
      "SELECT (SELECT count(*) FROM pg_database WHERE datname = 'dropped') + (SELECT count(*) FROM pg_roles WHERE rolname = 'dropped')";
    expect(await server.psql(left)).toBe("0");
  });

  it("fail with one error, and no secret in it, when the server refuses the provider", async () => {
    const stack = await bench.stack("refused");
    await stack.declare(
      ...server.at(25_439).way({ password: "wrong-Secret-1" }),
      ...site("refused"),
    );
    const { code, text, seconds } = await stack.up();
    expect(code).not.toBe(0);
    expect(text.match(/^ {4}error: .*password authentication failed for user/gm)).toHaveLength(1);
    expect(text).not.toMatch(/wrong-Secret|refused-Secret/);
    expect(seconds).toBeLessThan(60);
  });

  it("fail on what exists already, without the password in the error", async () => {
    const stack = await bench.stack("existing");
    await server.psql("CREATE ROLE existing LOGIN");
    await stack.declare(...server.at(25_440).way(), ...site("existing"));
    const { code, text } = await stack.up();
    expect(code).not.toBe(0);
    expect(text).toMatch(/error creating role existing: .*role \\?"existing\\?" already exists/);
    expect(text).not.toMatch(/existing-Secret|admin-Secret/);
  });

  it("report a tunnel that leads to nothing once, and how to fix it", async () => {
    const stack = await bench.stack("nowhere");
    const target = { address: "127.0.0.1", port: 5999 };
    const way = server.at(25_441);
    const tunnel = way.tunnel();
    await stack.declare(
      { ...tunnel, args: { ...tunnel.args, target } },
      way.provider(),
      ...site("nowhere"),
    );
    const { code, text, seconds } = await stack.up();
    expect(code).not.toBe(0);
    expect(
      text.match(/^ +reason: +The host gets no connection to 127\.0\.0\.1:5999/gm),
    ).toHaveLength(1);
    expect(seconds).toBeLessThan(60);
  });

  it("grant the owner of a database what it has there already", async () => {
    const stack = await bench.stack("owned");
    const way = server.at(25_442).way();
    const grant: Declared = {
      type: "grant",
      name: "on-database",
      args: { role: "owned", database: "owned", objectType: "database", privileges: ["ALL"] },
    };
    await stack.apply(...way, ...site("owned"), grant);
    const all = "SELECT has_database_privilege('owned', 'owned', 'CREATE, CONNECT, TEMPORARY')";
    expect(await server.psql(all)).toBe("t");
    expect(await stack.apply(...way, ...site("owned"), grant)).toMatch(/6 unchanged/);
  });

  it("grant nobody else anything on a database, since the provider doesn't own it", async () => {
    const stack = await bench.stack("foreign");
    await server.psql("CREATE ROLE guest");
    const grant: Declared = {
      type: "grant",
      name: "on-database",
      args: { role: "guest", database: "foreign", objectType: "database", privileges: ["CREATE"] },
    };
    await stack.apply(...server.at(25_443).way(), ...site("foreign"), grant);
    const granted = "SELECT has_database_privilege('guest', 'foreign', 'CREATE')";
    expect(await server.psql(granted)).toBe("f");
  });
});

/** A role, the database that it owns, and all rights in its schema. */
function site(
  name: string,
  {
    password = `${name}-Secret-1`,
    options = {},
  }: { password?: string; options?: Declared["options"] } = {},
): Declared[] {
  // A grant can't be imported.
  const grantOptions = { ...options, import: undefined };
  return [
    { type: "role", name: "role", args: { name, login: true, password }, options },
    { type: "database", name: "database", args: { name, owner: name }, options },
    {
      type: "grant",
      name: "grant",
      args: {
        role: name,
        database: name,
        schema: "public",
        objectType: "schema",
        privileges: ["ALL"],
      },
      options: grantOptions,
    },
  ];
}
