import { type Fields, same, text, texts, type Values } from "./fields";
import type { Verbs } from "./managed";
import { asMemberOf, because, lockRole } from "./membership";
import { identifier, literal } from "./quote";
import type { Query, Server } from "./server";

const fields: Fields = {
  name: { type: "string", required: true },
  password: { type: "string", secret: true },
  encryptedPassword: { type: "boolean", default: true },
  roles: { type: "set" },
  searchPaths: { type: "list" },
  validUntil: { type: "string", default: "infinity" },
  connectionLimit: { type: "number", default: -1 },
  superuser: { type: "boolean", default: false },
  createDatabase: { type: "boolean", default: false },
  createRole: { type: "boolean", default: false },
  inherit: { type: "boolean", default: true },
  login: { type: "boolean", default: false },
  replication: { type: "boolean", default: false },
  bypassRowLevelSecurity: { type: "boolean", default: false },
  skipDropRole: { type: "boolean", default: false },
  skipReassignOwned: { type: "boolean", default: false },
};

/** Properties that are on or off, with the word that turns each on; NO in front turns it off. */
const switches = [
  ["superuser", "SUPERUSER"],
  ["createDatabase", "CREATEDB"],
  ["createRole", "CREATEROLE"],
  ["inherit", "INHERIT"],
  ["login", "LOGIN"],
  ["bypassRowLevelSecurity", "BYPASSRLS"],
  ["replication", "REPLICATION"],
] as const;

/** `postgresql:index/role:Role`, without write-only passwords and per-role timeouts. */
export const role: Verbs = {
  fields,
  id: (values) => text(values, "name"),

  async create(values, server) {
    const name = text(values, "name");
    const password = text(values, "password");
    const options = [
      ...(password === "" ? [] : [passwordClause(values, password)]),
      `VALID UNTIL ${literal(text(values, "validUntil"))}`,
      `CONNECTION LIMIT ${Number(values["connectionLimit"])}`,
      ...switches.map(([property, word]) => switched(values, property, word)),
    ];
    await server.transaction("", async (query) => {
      try {
        await query(`CREATE ROLE ${identifier(name)} WITH ${options.join(" ")}`);
      } catch (error) {
        throw because(`error creating role ${name}`, error);
      }
      await grantRoles(query, values);
      await setSearchPath(query, values);
    });
  },

  async read(id, known, server) {
    const [row] = await server.query(
      `SELECT rolname::text AS "name", rolsuper AS "superuser", rolinherit AS "inherit",
              rolcreaterole AS "createRole", rolcreatedb AS "createDatabase",
              rolcanlogin AS "login", rolconnlimit AS "connectionLimit",
              COALESCE(rolvaliduntil::text, 'infinity') AS "validUntil",
              rolreplication AS "replication", rolbypassrls AS "bypassRowLevelSecurity",
              ARRAY(SELECT pg_get_userbyid(roleid)::text FROM pg_catalog.pg_auth_members
                    WHERE member = pg_roles.oid) AS "roles",
              COALESCE(rolconfig, '{}') AS "config"
       FROM pg_catalog.pg_roles WHERE rolname = $1`,
      [id],
    );
    if (row === undefined) return undefined;
    const { config, ...found } = row;
    return {
      ...known,
      ...(found as Values),
      encryptedPassword: true,
      searchPaths: searchPathOf(config as string[]),
      password: await passwordOf(id, known, found["login"] === true, server),
    };
  },

  async update(olds, news, server) {
    const changed = (property: string): boolean => {
      const field = fields[property];
      return field !== undefined && !same(olds[property] ?? null, news[property] ?? null, field);
    };
    const name = identifier(text(news, "name"));
    const alter = async (query: Query, what: string, clause: string): Promise<void> => {
      try {
        await query(`ALTER ROLE ${clause}`);
      } catch (error) {
        throw because(`error updating role ${what}`, error);
      }
    };
    await server.transaction("", async (query) => {
      await lockRole(query, text(olds, "name"));
      if (changed("name"))
        await alter(query, "NAME", `${identifier(text(olds, "name"))} RENAME TO ${name}`);
      const password = text(news, "password");
      // A rename clears a password that is hashed with the name.
      if ((changed("password") || changed("name")) && password !== "")
        await alter(query, "password", `${name} PASSWORD ${literal(password)}`);
      if (changed("connectionLimit")) {
        const limit = Number(news["connectionLimit"]);
        await alter(query, "CONNECTION LIMIT", `${name} CONNECTION LIMIT ${limit}`);
      }
      for (const [property, word] of switches)
        if (changed(property))
          await alter(query, word, `${name} WITH ${switched(news, property, word)}`);
      if (changed("validUntil"))
        await alter(
          query,
          "VALID UNTIL",
          `${name} VALID UNTIL ${literal(text(news, "validUntil"))}`,
        );
      await revokeRoles(query, news);
      await grantRoles(query, news);
      await setSearchPath(query, news);
    });
  },

  async delete(values, server) {
    const name = text(values, "name");
    await server.transaction("", async (query) => {
      await lockRole(query, name);
      if (values["skipReassignOwned"] !== true)
        await asMemberOf(query, [name], async () => {
          const self = identifier(server.settings.username);
          await query(`REASSIGN OWNED BY ${identifier(name)} TO ${self}`);
          await query(`DROP OWNED BY ${identifier(name)}`);
        });
      if (values["skipDropRole"] === true) return;
      try {
        await query(`DROP ROLE ${identifier(name)}`);
      } catch (error) {
        throw because(`could not delete role ${name}`, error);
      }
    });
  },
};

function switched(values: Values, property: string, word: string): string {
  return values[property] === true ? word : `NO${word}`;
}

function passwordClause(values: Values, password: string): string {
  if (password.toUpperCase() === "NULL") return "PASSWORD NULL";
  const kind = values["encryptedPassword"] === false ? "UNENCRYPTED" : "ENCRYPTED";
  return `${kind} PASSWORD ${literal(password)}`;
}

/**
 * Password for the state: the known one. A superuser's connection could read its hash, but a SCRAM hash
 * does not show whether the password has changed, so it counts as unchanged.
 */
async function passwordOf(
  name: string,
  known: Values,
  canLogIn: boolean,
  server: Server,
): Promise<string> {
  const password = text(known, "password");
  if (password === "" || !canLogIn || !server.settings.superuser) return password;
  const [self] = await server.query(
    "SELECT rolsuper AS super FROM pg_roles WHERE rolname = current_user",
  );
  if (self?.["super"] !== true)
    throw new Error(
      `could not read role password from Postgres as connected user ${server.settings.username} is not a SUPERUSER. You can set \`superuser = false\` in the provider configuration so it will not try to read the password from Postgres`,
    );
  const [row] = await server.query(
    "SELECT COALESCE(passwd, '') AS hash FROM pg_catalog.pg_shadow WHERE usename = $1",
    [name],
  );
  return row?.["hash"] === "" ? "" : password;
}

async function grantRoles(query: Query, values: Values): Promise<void> {
  const name = text(values, "name");
  for (const granted of texts(values, "roles"))
    await query(`GRANT ${identifier(granted)} TO ${identifier(name)}`);
}

async function revokeRoles(query: Query, values: Values): Promise<void> {
  const name = text(values, "name");
  const rows = await query(
    `SELECT pg_get_userbyid(roleid)::text AS granted FROM pg_catalog.pg_auth_members
     JOIN pg_catalog.pg_roles ON member = pg_roles.oid WHERE rolname = $1`,
    [name],
  );
  for (const { granted } of rows)
    await query(`REVOKE ${identifier(String(granted))} FROM ${identifier(name)}`);
}

async function setSearchPath(query: Query, values: Values): Promise<void> {
  const paths = texts(values, "searchPaths").map(identifier);
  const path = paths.length === 0 ? "DEFAULT" : paths.join(", ");
  await query(`ALTER ROLE ${identifier(text(values, "name"))} SET search_path TO ${path}`);
}

function searchPathOf(config: readonly string[]): string[] {
  const entry = config.find((line) => line.startsWith("search_path="));
  if (entry === undefined) return [];
  const parts = entry.slice("search_path=".length).split(", ");
  return parts.map((part) => part.replace(/^"+|"+$/g, ""));
}
