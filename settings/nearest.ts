/**
 * The candidate that the word was probably meant to be: the one with the fewest slips (a letter
 * too many, too few, or another), upper and lower case, `_` and `-` aside. Undefined when even
 * that one differs in more than a third of its letters.
 */
export function nearest<T extends string>(word: string, candidates: readonly T[]): T | undefined {
  const plain = (text: string): string => text.toLowerCase().replace(/[_-]/g, "");
  const [best] = candidates
    .map((candidate) => ({ candidate, slips: slips(plain(word), plain(candidate)) }))
    .filter(({ candidate, slips }) => slips <= Math.max(1, candidate.length / 3))
    .sort((a, b) => a.slips - b.slips);
  return best?.candidate;
}

/** Levenshtein's distance. */
function slips(from: string, to: string): number {
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
