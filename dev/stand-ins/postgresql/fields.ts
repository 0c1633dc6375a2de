import type { Kind } from "../protocol/difference";
import { isUnknown, type Property, type PropertyMap, reveal, secret } from "../protocol/property";
import type { CheckFailure } from "../protocol/resource";

/** Input of a resource, which is an output too. */
export interface Field {
  /** A `set` is an array whose order does not matter. */
  readonly type: "string" | "number" | "boolean" | "list" | "set";
  readonly required?: true;
  /** Value when it is left out. */
  readonly default?: Property;
  /** Whether the server chooses a value when it is left out. */
  readonly computed?: true;
  /** Whether a change replaces the resource. */
  readonly replaces?: true;
  readonly secret?: true;
}

/** Inputs of one type of resource, by name. */
export type Fields = Readonly<Record<string, Field>>;

/** Properties of a resource without marks of secrecy, with defaults filled in. */
export type Values = Readonly<Record<string, Property>>;

/** Property with the names of the inputs that are defaults, as in the real provider's state. */
const defaulted = "__defaults";
const zero = { string: "", number: 0, boolean: false, list: [], set: [] };

/** Checks the program's inputs, and fills in defaults. */
export function checkFields(
  fields: Fields,
  given: PropertyMap,
): { inputs: PropertyMap; failures: CheckFailure[] } {
  const failures: CheckFailure[] = [];
  for (const [property, value] of Object.entries(given)) {
    if (property === defaulted) continue;
    const field = fields[property];
    const plain = reveal(value);
    if (field === undefined)
      failures.push({ property, reason: "is not an input that the stand-in supports" });
    else if (!isUnknown(plain) && !hasType(plain, field.type))
      failures.push({ property, reason: `expected a ${field.type}` });
  }
  const inputs: PropertyMap = {};
  const defaults: string[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const value = given[name];
    if (value !== undefined && value !== null) {
      inputs[name] = field.secret === true ? secret(value) : value;
    } else if (field.required === true) {
      failures.push({ property: name, reason: "is required" });
    } else if (field.default !== undefined && !isEmpty(field.default, field)) {
      inputs[name] = field.default;
      defaults.push(name);
    }
  }
  inputs[defaulted] = defaults.sort();
  return { inputs, failures };
}

function hasType(value: Property, type: Field["type"]): boolean {
  return type === "list" || type === "set" ? Array.isArray(value) : typeof value === type;
}

/** The inputs or the state as plain values; a missing one has the empty value of its type. */
export function valuesOf(fields: Fields, properties: PropertyMap): Values {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]): [string, Property] => {
      const value = reveal(properties[name] ?? null);
      return [name, value ?? field.default ?? zero[field.type]];
    }),
  );
}

/** State of a resource with these values, without empty ones that nobody set. */
export function stateOf(fields: Fields, values: Values): PropertyMap {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]): [string, Property][] => {
      const value = values[name] ?? null;
      const kept = field.default !== undefined || field.computed === true;
      if (value === null || (!kept && isEmpty(value, field))) return [];
      return [[name, field.secret === true ? secret(value) : value]];
    }),
  );
}

/** Inputs that give this state: those given before and, for an import, all that are not defaults. */
export function inputsOf(fields: Fields, state: PropertyMap, before: PropertyMap): PropertyMap {
  const imported = Object.keys(before).length === 0;
  const inputs: PropertyMap = { [defaulted]: before[defaulted] ?? [] };
  const values = valuesOf(fields, state);
  for (const [name, field] of Object.entries(fields)) {
    const value = state[name];
    if (value === undefined) continue;
    const asDefault = same(values[name] ?? null, field.default ?? zero[field.type], field);
    if (imported ? field.required === true || !asDefault : before[name] !== undefined)
      inputs[name] = value;
  }
  return inputs;
}

/** Differences between a state and new inputs. A computed input that is left out may have any value. */
export function differenceOf(
  fields: Fields,
  state: PropertyMap,
  inputs: PropertyMap,
): Map<string, Kind> {
  const found = new Map<string, Kind>();
  const [before, after] = [valuesOf(fields, state), valuesOf(fields, inputs)];
  for (const [name, field] of Object.entries(fields)) {
    const isGiven = (inputs[name] ?? null) !== null;
    if (!isGiven && field.computed === true) continue;
    if (same(before[name] ?? null, after[name] ?? null, field)) continue;
    const isKnown = (state[name] ?? null) !== null;
    found.set(name, !isKnown ? "add" : isGiven ? "update" : "delete");
  }
  return found;
}

/** Whether two values mean the same: a set has no order. */
export function same(one: Property, other: Property, { type }: Field): boolean {
  const order = (value: Property): Property =>
    type === "set" && Array.isArray(value)
      ? value.map((entry) => JSON.stringify(entry)).sort()
      : value;
  return JSON.stringify(order(one)) === JSON.stringify(order(other));
}

function isEmpty(value: Property, { type }: Field): boolean {
  return value === null || JSON.stringify(value) === JSON.stringify(zero[type]);
}

/** Property that is a text. */
export function text(values: Values, name: string): string {
  const value = values[name];
  return typeof value === "string" ? value : "";
}

/** Property that is an array of texts. */
export function texts(values: Values, name: string): string[] {
  const value = values[name];
  return Array.isArray(value) ? value.map(String) : [];
}

/** Property that is true or false, as SQL writes it. */
export function flag(values: Values, name: string): "true" | "false" {
  return values[name] === true ? "true" : "false";
}
