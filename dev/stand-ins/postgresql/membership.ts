import type { Query } from "./server";
import { identifier } from "./quote";

/** Grants a role to a member who doesn't have it yet. @returns whether it was granted */
export async function grantMembership(
  query: Query,
  role: string,
  member: string,
): Promise<boolean> {
  if (role === member || (await isMember(query, role, member))) return false;
  try {
    await query(`GRANT ${identifier(role)} TO ${identifier(member)}`);
  } catch (error) {
    throw because(`error granting role ${role} to ${member}`, error);
  }
  return true;
}

/** Revokes a role from a member who has it. @returns whether it was revoked */
export async function revokeMembership(
  query: Query,
  role: string,
  member: string,
): Promise<boolean> {
  if (role === member || !(await isMember(query, role, member))) return false;
  try {
    await query(`REVOKE ${identifier(role)} FROM ${identifier(member)}`);
  } catch (error) {
    throw because(`error revoking role ${role} from ${member}`, error);
  }
  return true;
}

async function isMember(query: Query, role: string, member: string): Promise<boolean> {
  // From version 16 on a membership may lack the right to act as the role.
  const [column] = await query(
    "SELECT 1 FROM information_schema.columns WHERE table_name = 'pg_auth_members' AND column_name = 'set_option'",
  );
  const rows = await query(
    `SELECT 1 FROM pg_auth_members WHERE pg_get_userbyid(roleid) = $1 AND pg_get_userbyid(member) = $2
     ${column === undefined ? "" : "AND set_option"}`,
    [role, member],
  );
  return rows.length > 0;
}

/**
 * Does something as a member of the roles: a role that is no superuser can change only what belongs
 * to itself or to a role that it is a member of. Restores the memberships afterwards.
 */
export async function asMemberOf(
  query: Query,
  roles: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const [self] = await query(
    "SELECT rolname::text AS name, rolsuper AS super FROM pg_roles WHERE rolname = current_user",
  );
  if (self?.["super"] === true) {
    await work();
    return;
  }
  const name = String(self?.["name"]);
  const granted: string[] = [];
  const turned: string[] = [];
  for (const role of roles) {
    const [other] = await query("SELECT rolsuper AS super FROM pg_roles WHERE rolname = $1", [
      role,
    ]);
    if (other?.["super"] === true) continue;
    // Two roles can't be members of each other.
    if (await revokeMembership(query, name, role)) turned.push(role);
    if (await grantMembership(query, role, name)) granted.push(role);
  }
  await work();
  for (const role of granted) await revokeMembership(query, role, name);
  for (const role of turned) await grantMembership(query, name, role);
}

/** Keeps two transactions from changing a role, its members, or a database at the same time. */
export async function lockRole(query: Query, role: string): Promise<void> {
  await query("SET statement_timeout = 0");
  await query("SELECT pg_advisory_xact_lock(oid::bigint) FROM pg_roles WHERE rolname = $1", [role]);
  await query(
    "SELECT pg_advisory_xact_lock(member::bigint) FROM pg_auth_members JOIN pg_roles ON roleid = pg_roles.oid WHERE rolname = $1",
    [role],
  );
}

/** Error with the failed operation in front of its message. */
export function because(doing: string, error: unknown): Error {
  return new Error(`${doing}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}
