import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { referenceMarkers, renderReference, withReference } from "../../../settings/reference";
import { keyNames } from "../../../settings/schema";

describe("the configuration reference", () => {
  const reference = renderReference();

  it("has every setting once", () => {
    const named = [...reference.matchAll(/^\| `tracks:(\w+)` +\|/gm)].map(([, name]) => name);
    expect(named.sort()).toEqual([...keyNames].sort());
  });

  it("stands between its markers, and leaves the rest alone", () => {
    const text = `# A\n\n${referenceMarkers.start}\n\nold\n\n${referenceMarkers.end}\n\n## B\n`;
    const updated = withReference(text);
    expect(updated).toBe(
      `# A\n\n${referenceMarkers.start}\n\n${reference}\n\n${referenceMarkers.end}\n\n## B\n`,
    );
    expect(withReference(updated)).toBe(updated);
  });

  it("has its place in docs/configuration.md, or says so", () => {
    expect(() => withReference("# A\n")).toThrow("put the reference's place back");
  });

  const file = join(__dirname, "../../../docs/configuration.md");
  it("is up to date in docs/configuration.md: else run `npm run reference`", () => {
    const page = readFileSync(file, "utf8");
    expect(withReference(page)).toBe(page);
  });
});
