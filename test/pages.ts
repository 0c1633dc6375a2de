import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "..");

/** Folders of what is installed, built or made by a run: most of the files, and most of the time. */
const skipped = ["node_modules", ".lab", ".git", "dist", "ci-results", "reports"];

/** The texts for readers, by their paths in the checkout. */
export const pages = pagesBelow("").sort();

function pagesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return path.endsWith(".md") ? [path] : [];
    return skipped.includes(entry.name) ? [] : pagesBelow(path);
  });
}

export const textOf = (page: string): string => readFileSync(join(root, page), "utf8");

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  /** Line of the page that opens it, from 1. */
  readonly line: number;
  /** As the fence says: `sh`, `yaml`; empty where it says nothing. */
  readonly language: string;
  readonly text: string;
  /** The HTML comment right above it. */
  readonly comment: string | undefined;
}

/** All fenced blocks of a page, those of lists too. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  const lines = textOf(page).split("\n");
  for (let index = 0; index < lines.length; index++) {
    const [, indent = "", language] = /^( *)```(\w*)$/.exec(lines[index] ?? "") ?? [];
    if (language === undefined) continue;
    const end = lines.indexOf(`${indent}\`\`\``, index + 1);
    if (end < 0) throw new Error(`${page}:${index + 1}: this block has no end`);
    const text = lines.slice(index + 1, end).map((line) => line.slice(indent.length));
    const above = lines.slice(0, index).join("\n").trimEnd();
    const [, comment] = /<!-- ((?:(?!-->)[^])*?) -->$/.exec(above) ?? [];
    blocks.push({ page, line: index + 1, language, text: `${text.join("\n")}\n`, comment });
    index = end;
  }
  return blocks;
}

/** Which test runs a block, by the comment above it; undefined where it names none. */
export const runnerOf = ({ comment }: Block): string | undefined =>
  /^run by (\S+)$/.exec(comment ?? "")?.[1];

/** Why no test runs a block, by the comment above it; undefined where it says nothing of this. */
export const reasonOf = ({ comment }: Block): string | undefined =>
  /^not run: (.+)$/s.exec(comment ?? "")?.[1];

/**
 * Takes the commands of a page for the test that runs them, which its comment names.
 *
 * @param page path in the checkout
 * @param start how the block begins
 * @param changes what the reader puts in place of a word, such as a host of their own
 * @throws Error when the page has no such block, or the block lacks one of the words
 */
export function shellBlock(
  page: string,
  start: string,
  changes: Readonly<Record<string, string>> = {},
): string {
  const [block, second] = blocksOf(page).filter(
    ({ language, text }) => language === "sh" && text.startsWith(start),
  );
  if (block === undefined || second !== undefined) {
    throw new Error(`${page} must have one shell block that begins with "${start}"`);
  }
  let { text } = block;
  for (const [word, replacement] of Object.entries(changes)) {
    if (!text.includes(word)) throw new Error(`${page}:${block.line} does not have "${word}"`);
    text = text.replaceAll(word, () => replacement);
  }
  return text;
}
