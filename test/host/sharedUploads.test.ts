import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";

const program = join(__dirname, "../../host/script/python/application.py");

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tracks-uploads-"));
  write("media/a.txt", "small");
  write("media/photos/b.jpg", "x".repeat(20_000));
  mkdirSync(join(root, "shared"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** Links the release's uploads to the shared folder, where no file may get larger than so many blocks. */
function link(limit = "unlimited") {
  const line = 'ulimit -f "$1" && exec python3 "$2" links "media=$3"';
  const words = ["-c", line, "sh", limit, program, join(root, "shared")];
  return execaSync("/bin/sh", words, { cwd: root, reject: false });
}

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).sort();

it("copies an upload of the source as a whole after a copy that failed halfway", () => {
  expect(link("8").exitCode).not.toBe(0);
  expect(filesIn("shared")).not.toContain("photos/b.jpg");
  expect(link().exitCode).toBe(0);
  expect(filesIn("shared")).toEqual(["a.txt", "photos", "photos/b.jpg"]);
  expect(read("shared/photos/b.jpg")).toBe(read("media.from-source/photos/b.jpg"));
});

it("removes what a killed run has copied of an upload", () => {
  write("shared/photos/.tracks-new", "xxx");
  expect(link().exitCode).toBe(0);
  expect(filesIn("shared")).toEqual(["a.txt", "photos", "photos/b.jpg"]);
  expect(read("media/photos/b.jpg")).toHaveLength(20_000);
});

it("leaves an upload of a visitor alone that has the name of one of the source", () => {
  write("shared/a.txt", "a visitor's");
  expect(link().exitCode).toBe(0);
  expect(read("shared/a.txt")).toBe("a visitor's");
  expect(read("media.from-source/a.txt")).toBe("small");
});
