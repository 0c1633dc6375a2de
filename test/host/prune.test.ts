import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";

const program = join(__dirname, "../../host/script/python/application.py");

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tracks-prune-"));
  for (const name of ["releases", "virtualenvs", "backups"]) mkdirSync(join(root, name));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

let minute = 0;
/** A tree that is complete, later than the one before. */
function tree(path: string, mark: string, content: string): void {
  const file = join(root, path, mark);
  mkdirSync(join(root, path));
  writeFileSync(file, content);
  minute++;
  utimesSync(file, 1_700_000_000 + minute * 60, 1_700_000_000 + minute * 60);
}
const release = (name: string, virtualenv: string) => {
  tree(`releases/${name}`, ".tracks-release", virtualenv && `${virtualenv}\n`);
};
const virtualenv = (name: string) => {
  tree(`virtualenvs/${name}`, ".tracks-virtualenv", "");
};

function prune(keep: number, ...used: string[]): string[] {
  const words = ["releases", String(keep), "virtualenvs", "backups", ...used];
  return execaSync("python3", [program, "prune", ...words], { cwd: root }).stdout.split("\n");
}
const left = (directory: string) => readdirSync(join(root, directory)).sort();

it("keeps the releases that worked, however many failed later", () => {
  for (const name of ["old", "first", "second"]) virtualenv(name);
  release("one", "old");
  release("two", "first");
  for (const name of ["failed1", "failed2", "failed3", "failed4"]) release(name, "");
  release("three", "second");
  expect(prune(2, "three", "second")).toEqual([
    "removed release releases/failed4",
    "removed release releases/failed3",
    "removed release releases/failed2",
    "removed release releases/failed1",
    "removed release releases/one",
    "removed virtualenv virtualenvs/old",
  ]);
  expect(left("releases")).toEqual(["three", "two"]);
  expect(left("virtualenvs")).toEqual(["first", "second"]);
});

it("keeps what a process uses, and completes what an interrupted run began", () => {
  release("busy", "its");
  release("two", "");
  mkdirSync(join(root, "releases/.removed-half/deep"), { recursive: true });
  mkdirSync(join(root, "releases/.mirror-0123"));
  release("three", "its");
  prune(1, "three", "busy");
  expect(left("releases")).toEqual([".mirror-0123", "busy", "three"]);
});

it("continues after what it can't remove, says what stays, and tries again", () => {
  for (const name of ["one", "two", "three", "four"]) release(name, "its");
  writeFileSync(join(root, "backups/20200101T000000Z-deploy-one.sqlite3"), "");
  mkdirSync(join(root, "releases/two/deep/roots"), { recursive: true });
  writeFileSync(join(root, "releases/two/deep/roots/file"), "");
  execaSync("chown", ["-R", "daemon", root]);
  execaSync("chown", ["-R", "root", join(root, "releases/two/deep/roots")]);
  const asDaemon = (): string[] =>
    execaSync(
      "/usr/sbin/runuser",
      ["-u", "daemon", "--", "python3", "-c", readFileSync(program, "utf8"), "prune"].concat([
        "releases",
        "1",
        "virtualenvs",
        "backups",
        "four",
      ]),
      { cwd: root, env: { PATH: "/usr/bin:/bin" } },
    ).stdout.split("\n");
  const stays =
    "stays releases/.removed-two: releases/.removed-two/deep/roots/file: Permission denied";
  expect(asDaemon()).toEqual([
    "removed release releases/three",
    stays,
    "removed release releases/one",
  ]);
  expect(left("releases")).toEqual([".removed-two", "four"]);
  expect(asDaemon()).toEqual([stays]);
});
