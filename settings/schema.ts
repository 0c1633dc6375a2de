import { applicationKeys } from "./keys/application";
import { connectionKeys } from "./keys/connection";
import { databaseKeys } from "./keys/database";
import { siteKeys } from "./keys/site";
import { systemKeys } from "./keys/system";
import { uwsgiKeys } from "./keys/uwsgi";

/** Namespace of every setting, which is the project's name. */
export const namespace = "tracks";

/**
 * Every setting of a stack. From this one table the program reads and checks values, derives their types,
 * and writes docs/configuration.md.
 */
export const keys = {
  ...connectionKeys,
  ...systemKeys,
  ...siteKeys,
  ...databaseKeys,
  ...applicationKeys,
  ...uwsgiKeys,
};

export type KeyName = keyof typeof keys;

/** Names of all settings, in the reference's order. */
export const keyNames = Object.keys(keys) as readonly KeyName[];

/** The settings as the program reads them. */
export type Values = {
  readonly [K in KeyName]: (typeof keys)[K] extends { readonly reads?: readonly [infer T] }
    ? T
    : never;
};

/** Name of a setting in the stack's file and in messages. */
export function fullName(name: string): string {
  return `${namespace}:${name}`;
}
