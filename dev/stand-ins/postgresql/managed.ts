import { type PropertyMap, unknownString } from "../protocol/property";
import type { ResourceType } from "../protocol/resource";
import {
  checkFields,
  differenceOf,
  type Fields,
  inputsOf,
  stateOf,
  text,
  type Values,
  valuesOf,
} from "./fields";
import type { Server } from "./server";

/** Operations of one type of resource on the server. */
export interface Verbs {
  readonly fields: Fields;
  readonly deletesFirst?: boolean;
  /** Id of the resource, from its values. */
  id(values: Values): string;
  create(values: Values, server: Server): Promise<void>;
  /**
   * Known values, overwritten by those of the server.
   *
   * @param id to look it up by in an import, when no value is known
   * @returns undefined when it does not exist
   */
  read(id: string, known: Values, server: Server): Promise<Values | undefined>;
  /** Left out where every change replaces the resource. */
  readonly update?: (olds: Values, news: Values, server: Server) => Promise<void>;
  delete(values: Values, server: Server): Promise<void>;
}

/** Builds a type of resource from its operations; `server` is called only when there is something to do. */
export function managed(verbs: Verbs, server: () => Server): ResourceType {
  const { fields, update } = verbs;
  const values = (properties: PropertyMap): Values => valuesOf(fields, properties);
  const conceal = (properties: Values): Server => {
    for (const [name, field] of Object.entries(fields))
      if (field.secret === true) server().conceal(text(properties, name));
    return server();
  };
  const readBack = async (given: Values): Promise<PropertyMap> => {
    const found = await verbs.read(verbs.id(given), given, server());
    if (found === undefined)
      throw new Error(`${verbs.id(given)} does not exist right after it was created`);
    return stateOf(fields, found);
  };
  return {
    ...(verbs.deletesFirst === true ? { deletesFirst: true } : {}),
    replacesOn: (path) => fields[path]?.replaces === true,
    check: (inputs) => checkFields(fields, inputs),
    difference: (state, inputs) => differenceOf(fields, state, inputs),

    async create(inputs, { preview }) {
      if (preview) return { id: "", state: { ...unknownOf(fields), ...withoutDefaults(inputs) } };
      const given = values(inputs);
      await verbs.create(given, conceal(given));
      return { id: verbs.id(given), state: await readBack(given) };
    },

    async read(id, { state, inputs }) {
      const found = await verbs.read(id, values(state), server());
      if (found === undefined) return undefined;
      const now = stateOf(fields, found);
      return { id, state: now, inputs: inputsOf(fields, now, inputs) };
    },

    ...(update === undefined
      ? {}
      : {
          async update(state: PropertyMap, inputs: PropertyMap, { preview }: { preview: boolean }) {
            if (preview) return { ...state, ...withoutDefaults(inputs) };
            const [olds, given] = [values(state), values(inputs)];
            // A value that the server has chosen stays, unless the program gives one.
            const kept = Object.entries(fields)
              .filter(([name, field]) => field.computed === true && inputs[name] === undefined)
              .map(([name]): [string, Values[string]] => [name, olds[name] ?? null]);
            const news = { ...given, ...Object.fromEntries(kept) };
            conceal(olds);
            await update(olds, news, conceal(news));
            return readBack(news);
          },
        }),

    async delete(state) {
      const known = values(state);
      await verbs.delete(known, conceal(known));
    },
  };
}

function unknownOf(fields: Fields): PropertyMap {
  const computed = Object.entries(fields).filter(([, field]) => field.computed === true);
  return Object.fromEntries(computed.map(([name]) => [name, unknownString]));
}

function withoutDefaults(inputs: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith("__")));
}
