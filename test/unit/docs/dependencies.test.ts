import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(__dirname, "../../..");

it("lists in docs/dependencies.md each dependency in its version, what it is used for and what it saves", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const [, table = ""] =
    /^\| package .*\n\| -.*\n((?:\|.*\n)+)/m.exec(
      readFileSync(join(root, "docs/dependencies.md"), "utf8"),
    ) ?? [];
  const rows = [...table.matchAll(/^\| `(\S+)` +\| (\S+) +\| \S.*? +\| \S.* \|$/gm)];
  expect(Object.fromEntries(rows.map(([, name, version]) => [name, version]))).toEqual({
    ...manifest.dependencies,
    ...manifest.devDependencies,
  });
});
