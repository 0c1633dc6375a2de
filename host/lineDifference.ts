import { diffArrays } from "diff";

/**
 * The lines that differ, as `- ` and `+ `.
 *
 * @param isSame whether a line may stand for another. @default equality
 */
export function lineDifference(
  before: readonly string[],
  after: readonly string[],
  isSame: (line: string, other: string) => boolean = (line, other) => line === other,
): string[] {
  return diffArrays([...before], [...after], { comparator: isSame }).flatMap(
    ({ added, removed, value }) =>
      added || removed ? value.map((line) => `${added ? "+" : "-"} ${line}`) : [],
  );
}

/** The first lines, and how many more there are. */
export function firstLines(lines: readonly string[], limit: number): string[] {
  const more = lines.length - limit;
  return [...lines.slice(0, limit), ...(more > 0 ? [`... ${more} more lines`] : [])];
}
