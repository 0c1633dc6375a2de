import { type Fields, text, texts, type Values } from "./fields";
import type { Verbs } from "./managed";
import { asMemberOf, because, lockRole } from "./membership";
import { identifier } from "./quote";
import type { Query, Row } from "./server";

const fields: Fields = {
  role: { type: "string", required: true, replaces: true },
  database: { type: "string", required: true, replaces: true },
  schema: { type: "string", replaces: true },
  objectType: { type: "string", required: true, replaces: true },
  objects: { type: "set", replaces: true },
  privileges: { type: "set", required: true },
  withGrantOption: { type: "boolean", default: false, replaces: true },
};

/** Privileges for each kind of object, besides ALL; and how the catalogue marks the kind. */
const kinds: Readonly<Record<string, { privileges: readonly string[]; relkind?: string }>> = {
  database: { privileges: ["CREATE", "CONNECT", "TEMPORARY"] },
  schema: { privileges: ["CREATE", "USAGE"] },
  table: {
    privileges: ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"],
    relkind: "r",
  },
  sequence: { privileges: ["USAGE", "SELECT", "UPDATE"], relkind: "S" },
};

/** `postgresql:index/grant:Grant` on databases, schemas, tables and sequences. */
export const grant: Verbs = {
  fields,
  deletesFirst: true,

  id: (values) => {
    const type = text(values, "objectType");
    const schema = type === "database" ? [] : [text(values, "schema")];
    const parts = [text(values, "role"), text(values, "database"), ...schema, type];
    return [...parts, ...texts(values, "objects")].join("_");
  },

  async create(values, server) {
    requireSense(values);
    await server.transaction(text(values, "database"), (query) => replace(query, values, values));
  },

  async read(_id, known, server) {
    const [there] = await server.query("SELECT 1 FROM pg_database WHERE datname = $1", [
      text(known, "database"),
    ]);
    if (there === undefined) return undefined;
    return server.transaction(text(known, "database"), async (query) => {
      const role = text(known, "role");
      const type = text(known, "objectType");
      const found = await query(
        `SELECT ($1 = 'public' OR EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1))
            AND ($2 = '' OR EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $2)) AS found`,
        [role, type === "database" ? "" : text(known, "schema")],
      );
      if (found[0]?.["found"] !== true) return undefined;
      const different = (await grantedOf(query, known)).find(
        (granted) => !isGranted(known, granted),
      );
      return different === undefined ? known : { ...known, privileges: different };
    });
  },

  async update(olds, news, server) {
    requireSense(news);
    await server.transaction(text(news, "database"), (query) => replace(query, olds, news));
  },

  async delete(values, server) {
    await server.transaction(text(values, "database"), async (query) => {
      await lock(query, values);
      await asMemberOf(query, await owners(query, values), () => revoke(query, values));
    });
  },
};

function requireSense(values: Values): void {
  const type = text(values, "objectType");
  const kind = kinds[type];
  if (kind === undefined)
    throw new Error(
      `the stand-in of the postgresql provider grants on ${Object.keys(kinds).join(", ")}, not on ${type}`,
    );
  if (text(values, "schema") === "" && type !== "database")
    throw new Error("parameter 'schema' is mandatory for postgresql_grant resource");
  if (texts(values, "objects").length > 0 && kind.relkind === undefined)
    throw new Error("cannot specify `objects` when `object_type` is `database` or `schema`");
  const stranger = texts(values, "privileges").find(
    (privilege) => privilege !== "ALL" && !kind.privileges.includes(privilege),
  );
  if (stranger !== undefined)
    throw new Error(`${stranger} is not an allowed privilege for object type ${type}`);
}

/** Revokes the old privileges and grants the new ones in one transaction. */
async function replace(query: Query, olds: Values, news: Values): Promise<void> {
  await lock(query, news);
  await asMemberOf(query, await owners(query, news), async () => {
    await revoke(query, olds);
    const privileges = texts(news, "privileges");
    if (privileges.length === 0) return;
    const option = news["withGrantOption"] === true ? " WITH GRANT OPTION" : "";
    await query(`GRANT ${privileges.join(",")} ON ${objects(news)} TO ${grantee(news)}${option}`);
  });
}

async function revoke(query: Query, values: Values): Promise<void> {
  const named = texts(values, "objects").length > 0 ? texts(values, "privileges") : [];
  const what = named.length > 0 ? named.join(",") : "ALL PRIVILEGES";
  try {
    await query(`REVOKE ${what} ON ${objects(values)} FROM ${grantee(values)}`);
  } catch (error) {
    throw because("could not execute revoke query", error);
  }
}

/** The real provider quotes `public` too; the server understands it as every role all the same. */
function grantee(values: Values): string {
  return identifier(text(values, "role"));
}

function objects(values: Values): string {
  const type = text(values, "objectType");
  const schema = identifier(text(values, "schema"));
  if (type === "database") return `DATABASE ${identifier(text(values, "database"))}`;
  if (type === "schema") return `SCHEMA ${schema}`;
  const named = texts(values, "objects").map((name) => `${schema}.${identifier(name)}`);
  const word = type.toUpperCase();
  return named.length === 0 ? `ALL ${word}S IN SCHEMA ${schema}` : `${word} ${named.join(",")}`;
}

async function lock(query: Query, values: Values): Promise<void> {
  await lockRole(query, text(values, "role"));
  if (text(values, "objectType") === "database")
    await query("SELECT pg_advisory_xact_lock(oid::bigint) FROM pg_database WHERE datname = $1", [
      text(values, "database"),
    ]);
}

/**
 * Owners of the objects: a member of these can change privileges on them. For a database, none: there a role
 * that is not the owner changes nothing, and only gets a warning.
 */
async function owners(query: Query, values: Values): Promise<string[]> {
  const type = text(values, "objectType");
  if (type === "database") return [];
  const schema = text(values, "schema");
  const names = await query(
    `SELECT tableowner::text AS owner FROM pg_tables WHERE schemaname = $1 AND $2 <> 'schema'
     UNION SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = $1`,
    [schema, type],
  );
  const [database] = await query(
    "SELECT pg_get_userbyid(datdba)::text AS owner FROM pg_database WHERE datname = current_database()",
  );
  return names.map(({ owner }) =>
    // From version 15 on the schema public belongs to the owner of the database.
    owner === "pg_database_owner" ? String(database?.["owner"]) : String(owner),
  );
}

/** Privileges that the role has on each object of the grant. */
async function grantedOf(query: Query, values: Values): Promise<string[][]> {
  const type = text(values, "objectType");
  const role = text(values, "role");
  const who = role === "public" ? "0" : "(SELECT oid FROM pg_roles WHERE rolname = $2)";
  const privileges = (list: string): string =>
    `ARRAY(SELECT privilege_type::text FROM aclexplode(${list}) WHERE grantee = ${who} AND $2 <> '') AS granted`;
  let rows: Row[];
  if (type === "database") {
    rows = await query(`SELECT ${privileges("datacl")} FROM pg_database WHERE datname = $1`, [
      text(values, "database"),
      role,
    ]);
  } else if (type === "schema") {
    rows = await query(`SELECT ${privileges("nspacl")} FROM pg_namespace WHERE nspname = $1`, [
      text(values, "schema"),
      role,
    ]);
  } else {
    rows = await query(
      `SELECT ${privileges("relacl")} FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
       WHERE nspname = $1 AND relkind = $3 AND (cardinality($4::text[]) = 0 OR relname = ANY ($4))`,
      [text(values, "schema"), role, kinds[type]?.relkind ?? "", texts(values, "objects")],
    );
  }
  return rows.map(({ granted }) => granted as string[]);
}

/** Whether the privileges are the wanted ones; ALL means every existing one. */
function isGranted(values: Values, granted: readonly string[]): boolean {
  const wanted = texts(values, "privileges");
  const all = kinds[text(values, "objectType")]?.privileges ?? [];
  const meant = wanted.includes("ALL") ? all : wanted;
  return meant.length === granted.length && meant.every((one) => granted.includes(one));
}
