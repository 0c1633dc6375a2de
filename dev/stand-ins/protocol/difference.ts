import { asAsset, isMap, isSigned, type Property, type PropertyMap } from "./property";

/** How a property has changed. */
export type Kind = "add" | "delete" | "update";

/**
 * Differences between two maps of inputs, by path, such as `triggers[0]`.
 *
 * A secret is one value: no path leads into it, and a value that becomes secret, or is not secret any more,
 * has changed.
 */
export function difference(olds: PropertyMap, news: PropertyMap): Map<string, Kind> {
  const found = new Map<string, Kind>();
  compareMaps(olds, news, "", found);
  return found;
}

function compareMaps(
  olds: PropertyMap,
  news: PropertyMap,
  prefix: string,
  found: Map<string, Kind>,
): void {
  for (const key of new Set([...Object.keys(olds), ...Object.keys(news)])) {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    compare(olds[key] ?? null, news[key] ?? null, path, found);
  }
}

function compare(before: Property, after: Property, path: string, found: Map<string, Kind>): void {
  if (before === null && after === null) return;
  if (before === null) found.set(path, "add");
  else if (after === null) found.set(path, "delete");
  else if (Array.isArray(before) && Array.isArray(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index++)
      compare(before[index] ?? null, after[index] ?? null, `${path}[${index}]`, found);
  } else if (isMap(before) && isMap(after) && !isSigned(before) && !isSigned(after)) {
    compareMaps(before, after, path, found);
  } else if (!same(before, after)) found.set(path, "update");
}

function same(before: Property, after: Property): boolean {
  const [old, now] = [asAsset(before), asAsset(after)];
  if (old !== undefined && now !== undefined) return old.kind === now.kind && old.hash === now.hash;
  if (Array.isArray(before) && Array.isArray(after))
    return (
      before.length === after.length &&
      before.every((value, index) => same(value, after[index] ?? null))
    );
  if (isMap(before) && isMap(after))
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].every((key) =>
      same(before[key] ?? null, after[key] ?? null),
    );
  return before === after;
}
