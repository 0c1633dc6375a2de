import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type PackageIndex,
  projectOf,
  servePackageIndex,
} from "../../../../dev/bench/packageIndex";

let folder: string;
let index: PackageIndex;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "index-"));
  await writeFile(join(folder, "typing_extensions-4.15.0-py3-none-any.whl"), "a wheel");
  await writeFile(join(folder, "psycopg2-2.9.13.tar.gz"), "a source archive");
  index = await servePackageIndex(folder, "127.0.0.1");
});

afterAll(async () => {
  await index.close();
  await rm(folder, { recursive: true, force: true });
});

test.each([
  ["typing_extensions-4.15.0-py3-none-any.whl", "typing-extensions"],
  ["django-4.2.30-py3-none-any.whl", "django"],
  ["uwsgi-2.0.31.tar.gz", "uwsgi"],
  ["zope.interface-7.2.tar.gz", "zope-interface"],
])("%s belongs to %s", (file, project) => {
  expect(projectOf(file)).toBe(project);
});

test("a project's page links to its files, which can be downloaded", async () => {
  const page = await (await fetch(`${index.url}typing-extensions/`)).text();
  const [, link] = /href="([^"]+)"/.exec(page) ?? [];
  const file = await fetch(new URL(link ?? "", index.url));
  expect(await file.text()).toBe("a wheel");
  expect(page).not.toContain("psycopg2");
});

test.each(["simple/unknown/", "files/unknown.whl", "files/..%2f..%2fetc%2fpasswd", ""])(
  "%s is not there",
  async (path) => {
    expect((await fetch(new URL(`/${path}`, index.url))).status).toBe(404);
  },
);
