import { accounts } from "./table/accounts";
import { logins } from "./table/logins";
import { places } from "./table/places";
import { services } from "./table/services";
import type { Trait } from "./trait";

/** All traits, in the order of setting them on a host. */
export const traits: readonly Trait[] = [...accounts, ...logins, ...places, ...services];

/** @throws when there is none of that name */
export function traitNamed(name: string): Trait {
  const found = traits.find((trait) => trait.name === name);
  if (found !== undefined) return found;
  const names = traits.map((trait) => trait.name).join(", ");
  throw new Error(`there is no trait ${name}; there are ${names}`);
}
