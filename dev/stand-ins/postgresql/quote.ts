/** Name of a role, database, schema or object as SQL writes it. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Text as SQL writes it. The real provider doubles backslashes as well, and the server stores them
 * doubled: a password with a backslash becomes another password.
 */
export function literal(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
