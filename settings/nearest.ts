/**
 * The candidate closest to a misspelt word: the one with the fewest differences (a letter more, a letter
 * less, or another letter), apart from upper and lower case, `_` and `-`. Undefined when even that one
 * differs in more than a third of its letters.
 */
export function nearest<T extends string>(word: string, candidates: readonly T[]): T | undefined {
  const plain = (text: string): string => text.toLowerCase().replace(/[_-]/g, "");
  const [best] = candidates
    .map((candidate) => ({ candidate, differences: differences(plain(word), plain(candidate)) }))
    .filter(({ candidate, differences }) => differences <= Math.max(1, candidate.length / 3))
    .sort((a, b) => a.differences - b.differences);
  return best?.candidate;
}

/** Levenshtein distance. */
function differences(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [above, letter] of Array.from(from).entries()) {
    const next = [above + 1];
    for (const [left, other] of Array.from(to).entries()) {
      const replaced = (row[left] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[left + 1] ?? 0) + 1, (next[left] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
