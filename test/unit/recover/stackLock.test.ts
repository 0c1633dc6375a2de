import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { lockDirectory, proveHoldersDead, StackLockedError } from "../../../ops/recover/stackLock";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "tracks-lock-"));
});
afterEach(() => rm(directory, { recursive: true }));

async function lockedBy(pid: number, host: string): Promise<void> {
  const holder = { pid, hostname: host, username: "root", timestamp: "2026-01-01T00:00:00Z" };
  await writeFile(join(directory, "a.json"), JSON.stringify(holder));
}

it("names the dead holder of a lock", async () => {
  await lockedBy(2 ** 22 + 1, hostname());
  expect(await proveHoldersDead(directory)).toMatchObject([{ pid: 2 ** 22 + 1 }]);
});

it("refuses to break the lock of a living process", async () => {
  await lockedBy(process.pid, hostname());
  await expect(proveHoldersDead(directory)).rejects.toThrow(/still running: wait for it/);
});

it("refuses to judge a process of another machine", async () => {
  await lockedBy(1, "elsewhere.example");
  await expect(proveHoldersDead(directory)).rejects.toThrow(StackLockedError);
});

it("finds nothing where no lock is", async () => {
  expect(await proveHoldersDead(join(directory, "none"))).toEqual([]);
});

it("knows the file backend's place of locks, and no other's", () => {
  expect(lockDirectory("file:///b", "tracks", "dev")).toBe(
    "/b/.pulumi/locks/organization/tracks/dev",
  );
  expect(lockDirectory("https://api.example.org", "tracks", "dev")).toBeUndefined();
});
