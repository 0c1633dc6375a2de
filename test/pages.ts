import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "..");

/** The texts for readers, by their paths in the checkout. */
export const pages = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".md"))
  .filter((path) => !/(^|\/)(node_modules|\.lab|\.git|dist)\//.test(path))
  .sort();

export const textOf = (page: string): string => readFileSync(join(root, page), "utf8");

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  /** Line of the page that opens it, from 1. */
  readonly line: number;
  /** As the fence says: `sh`, `yaml`; empty where it says nothing. */
  readonly language: string;
  readonly text: string;
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
    blocks.push({ page, line: index + 1, language, text: `${text.join("\n")}\n` });
    index = end;
  }
  return blocks;
}
