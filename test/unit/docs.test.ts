import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(__dirname, "../..");
const pages = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".md"))
  .filter((path) => !/(^|\/)(node_modules|\.lab|\.git|dist)\//.test(path));
const text = (page: string) => readFileSync(join(root, page), "utf8");

/** A heading's anchor, as GitHub makes it. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

describe("the texts for readers", () => {
  it("begin with a README that is read in one go", () => {
    expect(text("README.md").split("\n").length).toBeLessThanOrEqual(150);
  });

  it.each(pages)("%s links to what is there", (page) => {
    const links = [...text(page).matchAll(/\]\((?!https?:)([^)\s]*)\)/g)].map(
      ([, link = ""]) => link,
    );
    const broken = links.filter((link) => {
      const [path = "", fragment] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return true;
      if (fragment === undefined) return false;
      const headings = [...text(target).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
      return !headings.map(anchor).includes(fragment);
    });
    expect(broken).toEqual([]);
  });

  it("have a page of the README's list for each file in docs", () => {
    const listed = [...text("README.md").matchAll(/\]\(docs\/(\S+\.md)\)/g)].map(
      ([, page]) => page,
    );
    const there = readdirSync(join(root, "docs")).filter((page) => page.endsWith(".md"));
    expect([...new Set(listed)].sort()).toEqual(there.sort());
  });
});
