import type { CustomResourceOptions } from "@pulumi/pulumi";

/** One resource of a contract test's program. */
export interface Declared {
  type: "command" | "copy" | "password" | "id" | PostgresType;
  name: string;
  /** The arguments as JSON; a copy's `source` is one of `{ text }`, `{ file }`, `{ folder }`. */
  args: Record<string, unknown>;
  /** Names of arguments that the program marks as secret. */
  secret?: string[];
  options?: Pick<
    CustomResourceOptions,
    "additionalSecretOutputs" | "customTimeouts" | "ignoreChanges" | "import" | "retainOnDelete"
  >;
}

/**
 * A `tunnel` makes no resource: its arguments are a `login` (the bench's connection) and the
 * options of a tunnel. A `server` is the provider for the roles, databases and grants behind it.
 */
export type PostgresType = "tunnel" | "server" | "role" | "database" | "grant" | "grantRole";
