import { randomInt } from "node:crypto";
import {
  isUnknown,
  type Property,
  type PropertyMap,
  reveal,
  secret,
  unknownString,
} from "../protocol/property";
import type { CheckFailure, ResourceType } from "../protocol/resource";

/** Classes of characters: the input that enables each, the input with its least number, and its characters. */
const classes = [
  { name: "lower", least: "minLower", characters: "abcdefghijklmnopqrstuvwxyz" },
  { name: "upper", least: "minUpper", characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
  { name: "numeric", least: "minNumeric", characters: "0123456789" },
  { name: "special", least: "minSpecial", characters: "!@#$%&*()-_=+[]{}<>:?" },
] as const;
const known = new Set<string>([
  ...classes.flatMap(({ name, least }) => [name, least]),
  ...["keepers", "length", "number", "overrideSpecial"],
]);

/** `random:index/randomPassword:RandomPassword`, without its bcrypt hash. */
export const randomPassword: ResourceType = {
  replacesOn: () => true,

  check(inputs) {
    const failures = Object.keys(inputs)
      .filter((property) => !known.has(property))
      .map((property): CheckFailure => ({ property, reason: "is not an input of RandomPassword" }));
    const length = reveal(inputs["length"] ?? null);
    if (!isUnknown(length) && !(typeof length === "number" && length >= 1))
      failures.push({ property: "length", reason: "expected a number of at least 1" });
    return { inputs, failures };
  },

  create(inputs, { preview }) {
    const result = preview ? unknownString : generate(inputs);
    const counts = Object.fromEntries(
      classes.flatMap(({ name, least }): [string, Property][] => [
        [name, inputs[name] ?? true],
        [least, inputs[least] ?? 0],
      ]),
    );
    const state = { ...counts, number: counts["numeric"] ?? true, ...inputs };
    return Promise.resolve({ id: "none", state: { ...state, result: secret(result) } });
  },
};

function generate(inputs: PropertyMap): string {
  const override = reveal(inputs["overrideSpecial"] ?? null);
  const chosen = classes
    .filter(({ name }) => reveal(inputs[name] ?? true) !== false)
    .map(({ name, least, characters }) => ({
      least: Number(reveal(inputs[least] ?? 0)),
      characters:
        name === "special" && typeof override === "string" && override !== ""
          ? override
          : characters,
    }));
  const all = chosen.map(({ characters }) => characters).join("");
  if (all === "")
    throw new Error("a password needs one of lower, upper, numeric and special to be true");
  const picked = chosen.flatMap(({ least, characters }) =>
    Array.from({ length: least }, () => pick(characters)),
  );
  const length = Number(reveal(inputs["length"] ?? 0));
  while (picked.length < length) picked.push(pick(all));
  return shuffle(picked).join("");
}

function pick(characters: string): string {
  return characters.charAt(randomInt(characters.length));
}

/** Shuffles (Fisher-Yates), so that the required characters are not the first ones. */
function shuffle(characters: string[]): string[] {
  const left = [...characters];
  return characters.map(() => left.splice(randomInt(left.length), 1)[0] ?? "");
}
