import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

/** What a preview is told of the places that root runs the script from, and believes. */
async function obstacles(): Promise<string[]> {
  const run = await host.run(["survey"]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  return run.stdout
    .split("\n")
    .filter((line) => /^obstacle\t(own-place|failure)/.test(line))
    .map((line) => line.replaceAll("\t", " ").replace("obstacle ", ""));
}

test("root's own directories are in nobody's way, whether they are there yet or not", async () => {
  expect(await obstacles()).toEqual([]);
  mkdirSync(host.at("/var/lib/tracks"), { mode: 0o700, recursive: true });
  expect(await obstacles()).toEqual([]);
});

test("a link of root's leads there, too", async () => {
  mkdirSync(host.at("/data"));
  renameSync(host.at("/usr/local"), host.at("/data/local"));
  symlinkSync("../data/local", host.at("/usr/local"));
  expect(await obstacles()).toEqual([]);
  chmodSync(host.at("/data"), 0o777);
  expect(await obstacles()).toEqual(["own-place /usr/local/libexec/tracks a group or every user"]);
});

test.each<[what: string, change: () => void, told: string[]]>([
  [
    "of a group",
    () => {
      chmodSync(host.at("/usr/local"), 0o2775);
    },
    ["own-place /usr/local/libexec/tracks a group or every user"],
  ],
  [
    "of another user",
    () => {
      chownSync(host.at("/usr/local/libexec/tracks"), 65_534, 0);
    },
    ["own-place /usr/local/libexec/tracks nobody"],
  ],
  [
    "that every user may write to, like /tmp, where the next one is not there yet",
    () => {
      rmSync(host.at("/var/lib/tracks"), { recursive: true, force: true });
      chmodSync(host.at("/var/lib"), 0o1777);
    },
    ["own-place /var/lib every user"],
  ],
  [
    "above both",
    () => {
      chmodSync(host.at("/"), 0o777);
    },
    [
      "own-place /usr/local/libexec/tracks a group or every user",
      "own-place /var/lib a group or every user",
    ],
  ],
])("a directory %s ends an up before anything is changed", async (_, change, told) => {
  change();
  expect(await obstacles()).toEqual(told);
});

test("no script that another user can replace is read, which could be a link of theirs", async () => {
  const script = "/usr/local/libexec/tracks/tracks.other";
  const words = ["--scope", "tracks.other", "survey"];
  symlinkSync("/etc/hostname", host.at(script));
  expect((await host.run(words)).stdout).toMatch(/^fact installed-script [0-9a-f]{64}$/m);
  chownSync(host.at("/usr/local/libexec/tracks"), 65_534, 0);
  expect((await host.run(words)).stdout).toMatch(/^fact installed-script absent$/m);
});

test("a link of another user's is not followed", async () => {
  chmodSync(host.at("/usr"), 0o777);
  renameSync(host.at("/usr/local"), host.at("/usr/real"));
  symlinkSync("real", host.at("/usr/local"));
  const [told = ""] = await obstacles();
  expect(told).toMatch(
    /^failure .*\/usr\/local is a symbolic link in a directory that a group or every user can write to/,
  );
});
