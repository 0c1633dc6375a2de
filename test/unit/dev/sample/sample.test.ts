import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const sample = join(__dirname, "../../../../dev/sample");

interface Row {
  model: string;
  pk: number | string;
  fields: Record<string, unknown>;
}
const text = readFileSync(join(sample, "tracks_redirect.json"), "utf8");
const rows = JSON.parse(text) as Row[];

describe("the sample's dump", () => {
  it("has the counts and keys that its README lists, which the tests of the migration rely on", () => {
    const readme = readFileSync(join(sample, "README.md"), "utf8");
    const told = [...readme.matchAll(/^\| `([a-z]+\.[a-z]+)` +\| +(\d+) \| +(\d*) \|/gm)].map(
      ([, model, count, last]) => ({ model, count: Number(count), last }),
    );
    const models = [...new Set(rows.map((row) => row.model))];
    const counted = models.map((model) => {
      const keys = rows.filter((row) => row.model === model).map((row) => Number(row.pk));
      const last = Math.max(...keys);
      return { model, count: keys.length, last: Number.isNaN(last) ? "" : String(last) };
    });
    expect(told).toHaveLength(8);
    expect(told.sort(byModel)).toEqual(counted.sort(byModel));
    const hits = rows.filter((row) => row.model === "redirect.redirecthit");
    const sum = hits.reduce((sum, hit) => sum + Number(hit.fields.count), 0);
    expect(readme).toContain(`\`count\` sums up to ${sum}`);
  });

  it("can't be migrated by replacing its text, as the notes did", () => {
    const replaced = text
      .replace(/redirect.redirecthit/g, "roasted.redirecthit")
      .replace(/redirect.target/g, "roasted.target");
    const byText = JSON.parse(replaced) as Row[];
    const damaged = rows.filter(
      (row, index) => JSON.stringify(row.fields) !== JSON.stringify(byText[index]?.fields),
    );
    expect(new Set(damaged.map((row) => row.model))).toEqual(
      new Set([
        "admin.logentry",
        "auth.group",
        "auth.permission",
        "auth.user",
        "redirect.redirecthit",
        "redirect.target",
      ]),
    );
  });
});

function byModel(one: { model: string | undefined }, other: { model: string | undefined }): number {
  return (one.model ?? "") < (other.model ?? "") ? -1 : 1;
}
