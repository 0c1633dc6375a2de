/** A name of a role, database, schema or object as SQL writes it. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A text as SQL writes it. The real provider doubles backslashes as well, which the server then
 * keeps doubled: a password with one is not the password that was given.
 */
export function literal(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
