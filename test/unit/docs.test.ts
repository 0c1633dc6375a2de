import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { keyNames } from "../../settings/schema";
import { type Block, blocksOf, pages, textOf } from "../pages";

const root = join(__dirname, "../..");
const blocks = pages.flatMap(blocksOf);
const place = ({ page, line }: Block) => `${page}:${line}`;

/** A heading's anchor, as GitHub makes it. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

describe("the texts for readers", () => {
  it("begin with a README that is read in one go", () => {
    expect(textOf("README.md").split("\n").length).toBeLessThanOrEqual(150);
  });

  it.each(pages)("%s links to pages and headings that exist", (page) => {
    const links = [...textOf(page).matchAll(/\]\((?!https?:)([^)\s]*)\)/g)].map(
      ([, link = ""]) => link,
    );
    const broken = links.filter((link) => {
      const [path = "", fragment] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return true;
      if (fragment === undefined) return false;
      const headings = [...textOf(target).matchAll(/^#+ (.+)$/gm)].map(
        ([, heading = ""]) => heading,
      );
      return !headings.map(anchor).includes(fragment);
    });
    expect(broken).toEqual([]);
  });

  it("are listed in the README, each page of docs", () => {
    const listed = [...textOf("README.md").matchAll(/\]\(docs\/(\S+\.md)\)/g)].map(
      ([, page]) => page,
    );
    const there = readdirSync(join(root, "docs")).filter((page) => page.endsWith(".md"));
    expect([...new Set(listed)].sort()).toEqual(there.sort());
  });

  it("name settings, scripts, files and arguments that exist", () => {
    const settings = new Set<string>(keyNames);
    const scripts = Object.keys(
      (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object }).scripts,
    );
    const rooms =
      /^(?:commands|components|dev|docs|examples|host|preflight|settings|templates|test)\/[\w./-]+$/;
    // What was said of a former version stays as it was.
    const current = pages.filter((page) => !/^(CHANGELOG|docs\/reliability)\.md$/.test(page));
    const unknown = current.flatMap((page) => {
      const text = textOf(page);
      const words = [...text.matchAll(/`([^`\n]+)`/g)].map(([, word = ""]) => word);
      return [
        ...[...text.matchAll(/\btracks:([a-z]\w+)/g)].filter(([, key = ""]) => !settings.has(key)),
        ...[...text.matchAll(/npm run ([a-z\d:]+)/g)].filter(
          ([, name = ""]) => !scripts.includes(name),
        ),
        ...words.filter((word) => rooms.test(word) && !existsSync(join(root, word))),
      ].map((found) => `${page}: ${typeof found === "string" ? found : found[0]}`);
    });
    expect(unknown).toEqual([]);
  });
});

describe("the commands in the texts", () => {
  it("hide in no block of another kind", () => {
    const command =
      /^\s*(?:[$#] )?(?:sudo|npm|npx|pulumi|git (?:clone|pull)|ssh|yum|dnf|systemctl|psql|curl|cd) /m;
    const hidden = blocks.filter(
      ({ language, text }) =>
        !["sh", "yaml", "mermaid"].includes(language) && (language !== "" || command.test(text)),
    );
    expect(hidden.map(place)).toEqual([]);
  });
});
