import { putAt } from "../components/args/argument";
import type { Component, Key } from "./key";
import { type KeyName, keyNames, keys, type Values } from "./schema";

/** The settings that become arguments of a component. */
type KeyOf<C extends Component> = {
  [K in KeyName]: (typeof keys)[K] extends { readonly component: C; readonly argument: string }
    ? K
    : never;
}[KeyName];

type ArgumentOf<K extends KeyName> = (typeof keys)[K] extends {
  readonly argument: infer A extends string;
}
  ? A
  : never;

/** The values by their arguments, such as `pip.proxy`. */
type Flat<C extends Component> = { readonly [K in KeyOf<C> as ArgumentOf<K>]: Values[K] };

type Head<Path> = Path extends `${infer H}.${string}` ? H : Path;

/** The arguments of a component that settings give, by their names. */
export type ArgsOf<C extends Component> = {
  readonly [H in Head<keyof Flat<C>> & string]: Part<Flat<C>, H>;
};

/** The value with that name, or all values whose path begins with it. */
type Part<F, H extends string> = H extends keyof F
  ? F[H]
  : { readonly [P in keyof F as P extends `${H}.${infer Rest}` ? Rest : never]: F[P] };

/** Collects the arguments of a component that settings give. Secrets stay {@link Secret}s. */
export function argsOf<C extends Component>(component: C, values: Values): ArgsOf<C>;
export function argsOf<C extends Component>(
  component: C,
  values: Partial<Values>,
): Partial<ArgsOf<C>>;
export function argsOf(component: Component, values: Partial<Values>): object {
  const args: Record<string, unknown> = {};
  for (const name of keyNames) {
    const { component: owner, argument }: Key<unknown> = keys[name];
    if (owner === component && argument !== undefined) putAt(args, argument, values[name]);
  }
  return args;
}
