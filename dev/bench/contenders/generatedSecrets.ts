import { randomBytes } from "node:crypto";

/** Secrets that a person would keep in a vault; generated for each host. */
export interface GeneratedSecrets {
  readonly databasePassword: string;
  readonly deployerPassword: string;
  readonly djangoSecretKey: string;
}

export function generateSecrets(): GeneratedSecrets {
  return {
    databasePassword: randomBytes(16).toString("hex"),
    deployerPassword: randomBytes(16).toString("hex"),
    djangoSecretKey: randomBytes(32).toString("hex"),
  };
}
