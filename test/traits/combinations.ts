import { fit, type Trait } from "./trait";

/** Two traits that can be on one host. */
export type Pair = readonly [Trait, Trait];

/** All pairs of traits that can be on one host. */
export function pairsOf(traits: readonly Trait[]): Pair[] {
  return traits.flatMap((one, index) =>
    traits
      .slice(index + 1)
      .filter((other) => fit(one, other))
      .map((other): Pair => [one, other]),
  );
}

/** The pairs that the table marks as dangerous. */
export function dangerousPairs(traits: readonly Trait[]): Pair[] {
  return pairsOf(traits).filter(
    ([one, other]) =>
      one.dangerousWith?.includes(other.name) === true ||
      other.dangerousWith?.includes(one.name) === true,
  );
}

/**
 * A small number of hosts that together have each trait, and each of these pairs. The same for the same table,
 * so that a failure can be tried again.
 *
 * Greedy: a pair that no host has yet goes to the host with the fewest traits that can have it, else to a new one.
 * Traits that exclude most others come first, while few hosts have anything to exclude.
 */
export function hostsFor(traits: readonly Trait[], pairs: readonly Pair[]): Trait[][] {
  const hosts: Set<Trait>[] = [];
  const excluded = (wanted: readonly Trait[]): number =>
    wanted.flatMap((trait) => traits.filter((other) => !fit(trait, other))).length;
  const order = [...pairs].sort((one, other) => excluded(other) - excluded(one));
  for (const wanted of [...order, ...traits.map((trait) => [trait])]) {
    if (hosts.some((host) => wanted.every((trait) => host.has(trait)))) continue;
    const [host = new Set<Trait>()] = hosts
      .filter((host) => wanted.every((trait) => [...host].every((other) => fit(trait, other))))
      .sort((one, other) => one.size - other.size);
    if (host.size === 0) hosts.push(host);
    for (const trait of wanted) host.add(trait);
  }
  return hosts.map((host) => traits.filter((trait) => host.has(trait)));
}
