import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseValue } from "../../../host/manifest/value";
import { keyNames, type KeyName, keys } from "../../../settings/schema";
import { type Block, blocksOf, pages, reasonOf, runnerOf, textOf } from "../../pages";

const root = join(__dirname, "../../..");
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

describe("the settings in the texts", () => {
  const decoded = (name: KeyName, text: string): unknown => {
    if (keys[name].value.encoding === "text") return text;
    return JSON.parse(text);
  };
  const refusals = (name: KeyName, value: unknown): unknown[] => {
    const result = parseValue(keys[name].value, value);
    return "refusals" in result ? [...result.refusals] : [];
  };

  it("have values that the program accepts, where a command or a sentence sets one", () => {
    const set = pages.flatMap((page) =>
      [
        ...textOf(page).matchAll(/`tracks:(\w+) ([^`]+)`/g),
        ...textOf(page).matchAll(/pulumi config set tracks:(\w+) ('[^'\n]*'|[^\s`<]+)/g),
      ]
        // Capitals stand for what the reader puts there.
        .filter(([, , value = ""]) => !/^[A-Z]+$/.test(value))
        .map(([, name = "", value = ""]) => ({ page, name: name as KeyName, value })),
    );
    expect(set.length).toBeGreaterThan(5);
    const refused = set.filter(({ name, value }) => {
      const text = value.replace(/^'(.*)'$/, "$1");
      return refusals(name, decoded(name, text)).length > 0;
    });
    expect(refused).toEqual([]);
  });

  it("are accepted in the parts of a stack's file", () => {
    const files = blocks.filter(({ text }) => text.startsWith("config:\n"));
    expect(files.map(({ page }) => page)).toEqual(["docs/production.md"]);
    for (const { text } of files) {
      const { config } = parse(text) as { config: Record<string, unknown> };
      for (const [name, value] of Object.entries(config)) {
        expect(refusals(name.replace("tracks:", "") as KeyName, value)).toEqual([]);
      }
    }
  });
});

describe("an error in the texts", () => {
  it("has words that the host's program says", () => {
    const [block] = blocksOf("docs/failure.md");
    const [, words = "no words"] = /^(.+: )unknown directive/m.exec(block?.text ?? "") ?? [];
    const script = readFileSync(join(root, "host/script/nginx-candidate.sh"), "utf8");
    expect(script).toContain(`fail "${words}`);
  });
});

describe("the commands in the texts", () => {
  const shell = blocks.filter(({ language }) => language === "sh");

  it("are run by a test, or the comment above them says why not", () => {
    const neither = shell.filter(
      (block) => runnerOf(block) === undefined && reasonOf(block) === undefined,
    );
    expect(neither.map(place)).toEqual([]);
    const reasons = shell.filter((block) => reasonOf(block) !== undefined);
    expect({ run: shell.length - reasons.length, notRun: reasons.length }).toEqual({
      run: 21,
      notRun: 3,
    });
  });

  it("are taken from the page by the test that the comment names", () => {
    const unkept = shell.filter((block) => {
      const runner = runnerOf(block);
      if (runner === undefined) return false;
      if (!existsSync(join(root, runner))) return true;
      const source = readFileSync(join(root, runner), "utf8");
      const taken = [...source.matchAll(/shellBlock\(\s*"([^"]+)",\s*"([^"]+)"/g)];
      return !taken.some(
        ([, page, start = "nothing"]) => page === block.page && block.text.startsWith(start),
      );
    });
    expect(unkept.map(place)).toEqual([]);
  });

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
