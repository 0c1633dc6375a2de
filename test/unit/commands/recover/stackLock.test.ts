import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { lockDirectories, proveHoldersDead } from "../../../../commands/recover/stackLock";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "tracks-lock-"));
});
afterEach(() => rm(directory, { recursive: true }));

async function lockedBy(pid: number, host: string, timestamp = new Date()): Promise<void> {
  const holder = { pid, hostname: host, username: "root", timestamp: timestamp.toISOString() };
  await writeFile(join(directory, "a.json"), JSON.stringify(holder));
}

it("names the dead holder of a lock", async () => {
  await lockedBy(2 ** 22 + 1, hostname());
  expect(await proveHoldersDead([directory])).toMatchObject([{ pid: 2 ** 22 + 1 }]);
});

it("refuses to break the lock of a living process", async () => {
  await lockedBy(process.pid, hostname());
  await expect(proveHoldersDead([directory])).rejects.toThrow(
    /still running\n.*wait until it ends/,
  );
});

it("refuses a lock of another machine, whose processes it can't see", async () => {
  await lockedBy(1, "elsewhere.example");
  await expect(proveHoldersDead([directory])).rejects.toThrow("The stack is locked");
});

it("finds nothing where there is no lock", async () => {
  expect(await proveHoldersDead([join(directory, "none")])).toEqual([]);
});

it("takes no younger process with the same id for the holder", async () => {
  await lockedBy(process.pid, hostname(), new Date("2020-01-01T00:00:00Z"));
  expect(await proveHoldersDead([directory])).toMatchObject([{ pid: process.pid }]);
});

it("finds a lock in both layouts of the backend", async () => {
  await mkdir(join(directory, ".pulumi"));
  const url = `file://${directory}`;
  const found = await lockDirectories(url, "tracks", "dev");
  expect(found).toEqual([
    join(directory, ".pulumi/locks/organization/tracks/dev"),
    join(directory, ".pulumi/locks/dev"),
  ]);
  for (const [index, place] of (found ?? []).entries()) {
    await mkdir(place, { recursive: true });
    const holder = { pid: 2 ** 22 + 1, hostname: hostname(), username: "root", timestamp: "" };
    await writeFile(join(place, "a.json"), JSON.stringify(holder));
    expect(await proveHoldersDead(found ?? [])).toHaveLength(index + 1);
  }
});

it.each([
  ["a query", (path: string) => `file://${path}?no_tmp_dir=true`],
  ["an encoded name", (path: string) => `file://${path.replace("tracks", "%74racks")}`],
  ["a path relative to this folder", (path: string) => `file://${relative(process.cwd(), path)}`],
])("understands a URL with %s", async (_, url) => {
  await mkdir(join(directory, ".pulumi"));
  expect(await lockDirectories(url(directory), "tracks", "dev")).toContain(
    join(directory, ".pulumi/locks/organization/tracks/dev"),
  );
});

it("sees no locks in another backend, nor where there is no backend", async () => {
  expect(await lockDirectories("https://api.example.org", "tracks", "dev")).toBeUndefined();
  expect(await lockDirectories(`file://${directory}/other`, "tracks", "dev")).toBeUndefined();
});
