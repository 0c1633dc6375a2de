import { execa } from "execa";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { inCallersFolder } from "../../../../commands/ops/callersFolder";

it("takes a path as the person wrote it, wherever npm starts the command", () => {
  const environment = { INIT_CWD: "/home/ann", npm_lifecycle_event: "ops" };
  expect(inCallersFolder("x.json", environment)).toBe("/home/ann/x.json");
  expect(inCallersFolder("/y/x.json", environment)).toBe("/y/x.json");
  expect(inCallersFolder("x.json", {})).toBe(resolve("x.json"));
});

it("is not misled by another of npm's commands above it", () => {
  const environment = { INIT_CWD: "/home/ann", npm_lifecycle_event: "test:e2e" };
  expect(inCallersFolder("x.json", environment)).toBe(resolve("x.json"));
});

it("relies on what npm says to a command in another folder", async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "tracks-test-")));
  const printed = 'node -p "[process.env.INIT_CWD,process.env.npm_lifecycle_event].join()"';
  writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts: { ops: printed } }));
  try {
    const words = ["run", "--silent", "--prefix", folder, "ops"];
    const { stdout } = await execa("npm", words, { cwd: "/usr" });
    expect(stdout).toBe("/usr,ops");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
