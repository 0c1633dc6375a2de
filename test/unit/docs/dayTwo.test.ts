import { describe, expect, it } from "vitest";
import { opsProgram } from "../../../commands/ops/program";
import { pages, textOf } from "../../pages";

/**
 * What the notes head with "HOWTO", and each task below "HOWTO: ADMINISTRATIVE TASKS", in their order and
 * words. The second server is told from the first by the comment behind its command.
 */
const howtos = [
  "stop and restart relevant services",
  "run development server (not under nginx/uwsgi) using tracks.settings.production (i.e. using postgres)",
  "run development server (not under nginx/uwsgi) using tracks.settings.dev (i.e. using sqlite3)",
  'ditto, without which css are not loading - "allow serving static files even with DEBUG=True"',
  "create/update deployed schema to agree with django application model",
  "move a copy of production data into development mysql",
  "making source changes and deploy them",
  "watch various logs",
];

const page = textOf("docs/day-two.md");
const [, section = ""] = /^## The notes' HOWTOs\n([^]*?)(?=^## )/m.exec(page) ?? [];

describe("the notes' HOWTOs", () => {
  it("have a heading each, in the notes' words and order", () => {
    const headings = [...section.matchAll(/^### (.*)$/gm)].map(([, title]) => title);
    expect(headings).toEqual(howtos);
  });

  it("have a command each", () => {
    const parts = section.split(/^### .*$/m).slice(1);
    const without = parts.filter((part) => !/`(npm run ops -- |pulumi up)/.test(part));
    expect(without).toEqual([]);
  });
});

describe("a command of npm run ops in a text", () => {
  const program = opsProgram();
  const commands = pages.flatMap((name) =>
    [...textOf(name).matchAll(/npm run (?:--silent )?ops -- ([^`\n#]+)/g)].map(
      ([, words = ""]) => [name, words.trim()] as const,
    ),
  );

  it.each(commands)("%s: %s has a verb and options that there are", (_, words) => {
    const [verb = "", ...rest] = words.split(/\s+/);
    if (verb === "VERB" || verb.startsWith("--")) return;
    const command = program.commands.find((one) => one.name() === verb);
    expect(command, verb).toBeDefined();
    const known = command?.options.map(({ long }) => long) ?? [];
    // manage.py's own stand behind its command.
    const taken = ["manage", "dumpdata"].includes(verb) ? rest.slice(0, 1) : rest;
    const options = taken.filter((word) => word.startsWith("--"));
    expect([...known, "--help"]).toEqual(expect.arrayContaining(options));
  });

  it("is there for every verb", () => {
    const told = page.match(/`[^`]*`/g)?.join(" ") ?? "";
    const untold = program.commands.map((one) => one.name()).filter((name) => !told.includes(name));
    expect(untold).toEqual([]);
  });
});
