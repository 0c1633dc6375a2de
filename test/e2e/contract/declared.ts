import type { CustomResourceOptions } from "@pulumi/pulumi";

/** One resource of a contract test's program. */
export interface Declared {
  type: "command" | "copy" | "password" | "id";
  name: string;
  /** The arguments as JSON; a copy's `source` is one of `{ text }`, `{ file }`, `{ folder }`. */
  args: Record<string, unknown>;
  /** Names of arguments that the program marks as secret. */
  secret?: string[];
  options?: Pick<
    CustomResourceOptions,
    "additionalSecretOutputs" | "customTimeouts" | "ignoreChanges"
  >;
}
