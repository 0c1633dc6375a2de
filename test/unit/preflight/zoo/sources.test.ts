import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { describe, it, test } from "vitest";
import { packSource } from "../../../../preflight/source/packSource";
import { expectPreview, type Outcome, sampleSource, writeFiles } from "./preview";

/**
 * Sources as people have them, and what becomes of each in the preview.
 *
 * Which files are taken is in ../source/packSource.test.ts; what lands on the host in ../../e2e/zoo.test.ts.
 */
const git = (folder: string, ...words: string[]): void => {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
  execaSync("git", ["-C", folder, ...identity, ...words]);
};
const commit = (folder: string): void => {
  git(folder, "init", "--quiet");
  git(folder, "add", "--all");
  git(folder, "commit", "--quiet", "--message", "all");
};

const inputs: readonly [what: string, make: (folder: string) => void, outcome: Outcome][] = [
  ["without git", () => undefined, "taken"],
  ["that is a checkout", commit, "taken"],
  [
    "without a file",
    (folder) => {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
    },
    { refused: /neither manage\.py nor tracks\/wsgi\.py/ },
  ],
  [
    "that is a sparse checkout",
    (folder) => {
      commit(folder);
      git(folder, "sparse-checkout", "set", "--no-cone", "/*", "!/roasted/static/");
    },
    {
      refused:
        /sparse checkout without roasted\/static\/roasted\/tracks\.css[^]*git -C .* sparse-checkout disable/,
    },
  ],
  [
    "with a pipe that looks like a key",
    (folder) => {
      execaSync("mkfifo", [join(folder, "server.key")]);
    },
    { refused: /server\.key\n.*a socket, a pipe or a device/ },
  ],
  [
    "with a pipe for a requirements file",
    (folder) => {
      rmSync(join(folder, "requirements.txt"));
      execaSync("mkfifo", [join(folder, "requirements.txt")]);
    },
    { refused: /requirements\.txt\n.*no such file/ },
  ],
  [
    "with a device that looks like a key",
    (folder) => {
      symlinkSync("/dev/zero", join(folder, "server.key"));
    },
    { refused: /server\.key\n.*a link to \/dev\/zero, which leads out/ },
  ],
  [
    "with a link to what git ignores",
    (folder) => {
      writeFiles(folder, { ".gitignore": "/local/\n", "local/logo.png": "" });
      symlinkSync("../../local/logo.png", join(folder, "roasted/static/logo.png"));
      commit(folder);
    },
    { warned: /^roasted\/static\/logo\.png\n.*a link to local\/logo\.png, which git ignores/ },
  ],
  [
    "with a link to a folder of it",
    (folder) => {
      symlinkSync("static", join(folder, "roasted/assets"));
      symlinkSync("nowhere", join(folder, "dangling"));
      commit(folder);
    },
    "taken",
  ],
];

test(
  "warns until the source is deployed as it is, and again when it changes",
  { timeout: 60_000 },
  async () => {
    const folder = sampleSource();
    writeFiles(folder, { ".env": "TOKEN=sesame" });
    const { sha256 } = await packSource(folder);
    const told: Outcome = { warned: /^\.env\n.*looks like a secret/ };
    await expectPreview({ sourceFolder: folder }, told);
    await expectPreview({ sourceFolder: folder }, "taken", sha256.slice(0, 12));
    writeFiles(folder, { "new.py": "" });
    await expectPreview({ sourceFolder: folder }, told, sha256.slice(0, 12));
  },
);

describe("a source", () => {
  it.each(inputs)("%s", { timeout: 60_000 }, async (_what, make, outcome) => {
    const folder = sampleSource();
    make(folder);
    await expectPreview({ sourceFolder: folder }, outcome);
  });
});
