import { type Fields, flag, text } from "./fields";
import type { Verbs } from "./managed";
import { identifier } from "./quote";

const fields: Fields = {
  role: { type: "string", required: true, replaces: true },
  grantRole: { type: "string", required: true, replaces: true },
  withAdminOption: { type: "boolean", default: false, replaces: true },
};

/** `postgresql:index/grantRole:GrantRole`: makes a role a member of another. */
export const grantRole: Verbs = {
  fields,
  id: (values) =>
    [text(values, "role"), text(values, "grantRole"), flag(values, "withAdminOption")].join("_"),

  async create(values, server) {
    const [granted, role] = [text(values, "grantRole"), text(values, "role")].map(identifier);
    const option = values["withAdminOption"] === true ? " WITH ADMIN OPTION" : "";
    await server.transaction("", async (query) => {
      await query(`REVOKE ${granted ?? ""} FROM ${role ?? ""}`);
      await query(`GRANT ${granted ?? ""} TO ${role ?? ""}${option}`);
    });
  },

  async read(_id, known, { query }) {
    const [row] = await query(
      `SELECT admin_option AS "withAdminOption" FROM pg_auth_members
       WHERE pg_get_userbyid(member) = $1 AND pg_get_userbyid(roleid) = $2`,
      [text(known, "role"), text(known, "grantRole")],
    );
    return row && { ...known, withAdminOption: row["withAdminOption"] === true };
  },

  async delete(values, { query }) {
    await query(
      `REVOKE ${identifier(text(values, "grantRole"))} FROM ${identifier(text(values, "role"))}`,
    );
  },
};
