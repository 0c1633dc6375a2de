import { type Fields, flag, text, type Values } from "./fields";
import type { Verbs } from "./managed";
import { because, grantMembership, lockRole, revokeMembership } from "./membership";
import { identifier, literal } from "./quote";
import type { Server } from "./server";

const fields: Fields = {
  name: { type: "string", required: true },
  owner: { type: "string", computed: true },
  template: { type: "string", computed: true, replaces: true },
  encoding: { type: "string", computed: true, replaces: true },
  lcCollate: { type: "string", computed: true, replaces: true },
  lcCtype: { type: "string", computed: true, replaces: true },
  tablespaceName: { type: "string", computed: true },
  connectionLimit: { type: "number", default: -1 },
  allowConnections: { type: "boolean", default: true },
  isTemplate: { type: "boolean", computed: true },
  alterObjectOwnership: { type: "boolean", default: false },
};

/** `postgresql:index/database:Database`, without `alterObjectOwnership`'s effect. */
export const database: Verbs = {
  fields,
  id: (values) => text(values, "name"),

  async create(values, server) {
    const owner = text(values, "owner");
    const name = text(values, "name");
    await asOwner(server, owner, async () => {
      try {
        await server.query(createStatement(values, server.settings.username));
      } catch (error) {
        throw because(`error creating database "${name}"`, error);
      }
    });
  },

  async read(id, known, server) {
    const [row] = await server.query(
      `SELECT d.datname::text AS "name", pg_get_userbyid(d.datdba)::text AS "owner",
              pg_encoding_to_char(d.encoding)::text AS "encoding",
              d.datcollate::text AS "lcCollate", d.datctype::text AS "lcCtype",
              ts.spcname::text AS "tablespaceName", d.datconnlimit AS "connectionLimit",
              d.datallowconn AS "allowConnections", d.datistemplate AS "isTemplate"
       FROM pg_catalog.pg_database AS d
       JOIN pg_catalog.pg_tablespace AS ts ON d.dattablespace = ts.oid
       WHERE d.datname = $1`,
      [id],
    );
    if (row === undefined) return undefined;
    // The server does not store the template of a database.
    const template = text(known, "template") === "" ? "template0" : text(known, "template");
    return { ...known, ...(row as Values), template };
  },

  async update(olds, news, server) {
    const changed = (property: string): boolean => olds[property] !== news[property];
    const name = identifier(text(news, "name"));
    const alter = async (clause: string): Promise<void> => {
      try {
        await server.query(`ALTER DATABASE ${clause}`);
      } catch (error) {
        throw because("error updating database", error);
      }
    };
    if (news["alterObjectOwnership"] === true && changed("owner"))
      throw new Error(
        "the stand-in of the postgresql provider does not support alterObjectOwnership",
      );
    if (changed("name")) await alter(`${identifier(text(olds, "name"))} RENAME TO ${name}`);
    const owner = text(news, "owner");
    if (changed("owner") && owner !== "")
      await asOwner(server, owner, () => alter(`${name} OWNER TO ${identifier(owner)}`));
    if (changed("tablespaceName"))
      await alter(`${name} SET TABLESPACE ${identifier(text(news, "tablespaceName"))}`);
    if (changed("connectionLimit"))
      await alter(`${name} CONNECTION LIMIT = ${Number(news["connectionLimit"])}`);
    if (changed("allowConnections"))
      await alter(`${name} ALLOW_CONNECTIONS ${flag(news, "allowConnections")}`);
    if (changed("isTemplate")) await alter(`${name} IS_TEMPLATE ${flag(news, "isTemplate")}`);
  },

  async delete(values, server) {
    const name = text(values, "name");
    await asOwner(server, text(values, "owner"), async () => {
      if (values["isTemplate"] === true)
        await server.query(`ALTER DATABASE ${identifier(name)} IS_TEMPLATE false`);
      await server.query(`ALTER DATABASE ${identifier(name)} ALLOW_CONNECTIONS false`);
      await server.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
        [name],
      );
      try {
        await server.query(`DROP DATABASE ${identifier(name)} WITH (FORCE)`);
      } catch (error) {
        throw because("error dropping database", error);
      }
    });
  },
};

/**
 * Only a member of a role can give it a database. CREATE DATABASE can't run in a transaction, so the
 * membership is not granted in one either, and a lock allows one at a time.
 */
async function asOwner(server: Server, owner: string, work: () => Promise<void>): Promise<void> {
  if (owner === "") {
    await work();
    return;
  }
  const self = server.settings.username;
  await server.transaction("", async (locked) => {
    await lockRole(locked, self);
    const granted = await grantMembership(server.query, owner, self);
    try {
      await work();
    } finally {
      if (granted) await revokeMembership(server.query, owner, self);
    }
  });
}

function createStatement(values: Values, self: string): string {
  const owner = text(values, "owner");
  const template = text(values, "template");
  const encoding = text(values, "encoding");
  const tablespace = text(values, "tablespaceName");
  return [
    `CREATE DATABASE ${identifier(text(values, "name"))}`,
    `OWNER ${identifier(owner === "" ? self : owner)}`,
    `TEMPLATE ${template === "" ? "template0" : orDefault(template, identifier)}`,
    `ENCODING ${encoding === "" ? "'UTF8'" : orDefault(encoding, literal)}`,
    ...locale("LC_COLLATE", text(values, "lcCollate")),
    ...locale("LC_CTYPE", text(values, "lcCtype")),
    ...(tablespace === "" ? [] : [`TABLESPACE ${orDefault(tablespace, identifier)}`]),
    `ALLOW_CONNECTIONS ${flag(values, "allowConnections")}`,
    `CONNECTION LIMIT ${Number(values["connectionLimit"])}`,
    `IS_TEMPLATE ${flag(values, "isTemplate")}`,
  ].join(" ");
}

function locale(option: string, name: string): string[] {
  return name === "" ? [] : [`${option} ${orDefault(name, literal)}`];
}

function orDefault(value: string, quote: (value: string) => string): string {
  return value.toUpperCase() === "DEFAULT" ? "DEFAULT" : quote(value);
}
