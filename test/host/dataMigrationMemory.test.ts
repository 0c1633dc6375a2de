import { chmodSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sha256 } from "../sampleDump";
import { MigrationBench } from "./migrationBench";

/** Kilobytes of memory that the loader gets: what Python and Django take, and some more. */
const limit = 64 * 1024;
const rows = 6_000;

let bench: MigrationBench;
beforeEach(async () => {
  bench = await MigrationBench.create();
}, 300_000);
afterEach(() => {
  bench.remove();
});

test("loads and copies a dump that would not fit into memory", async () => {
  const python = limitMemory();
  const dump = largeDump();
  bench.host.write("/root/dump.json", dump);
  const wholeAtOnce = execaSync(
    python,
    ["-c", "import json, sys; json.load(open(sys.argv[1]))", bench.host.at("/root/dump.json")],
    { reject: false },
  );
  expect(wholeAtOnce.stderr).toContain("MemoryError");

  const run = await bench.load(dump);
  expect(run.stderr).toBe("");
  expect(run.stdout).toContain(`loaded roasted.target: ${rows} rows of redirect.target\n`);
  expect(bench.query("SELECT COUNT(*), MIN(LENGTH(description)) FROM roasted_target")).toEqual([
    [rows, 4000],
  ]);

  // A copy of half of them for another site, and back; all of them are more than this test may take in.
  bench.execute(`DELETE FROM roasted_target WHERE id > ${rows / 2}`);
  const place = [
    ...["user=daemon", "current=/microarray/tracks", "virtualenv=/home/daemon/venv"],
    "production=no",
  ];
  const copied = await bench.host.run(
    ["copy-out", "dump", ...place, "to=tracks.dev", "scrub=yes"],
    { input: '{"defaults": true, "scrub": [], "exclude": []}\n', descriptor3: "open" },
  );
  expect(copied.stderr).toBe("");
  expect(copied.stdout.length).toBeGreaterThan(limit * 1024);
  const request = { size: Buffer.byteLength(copied.stdout), sha256: sha256(copied.stdout) };
  const replaced = await bench.host.run(
    ["copy-in", "load", ...place, "backups=/microarray/backups/tracks", "from=tracks.production"],
    { input: `${JSON.stringify(request)}\n${copied.stdout}`, descriptor3: "open" },
  );
  expect(replaced.stderr).toBe("");
  expect(replaced.stdout).toContain(`loaded roasted.target: ${rows / 2} rows\n`);
}, 180_000);

/** Puts a program before the application's Python that takes most memory from it. */
function limitMemory(): string {
  const virtualenv = bench.host.at("/home/daemon/venv");
  const python = join(readlinkSync(virtualenv), "bin/python");
  rmSync(virtualenv);
  execaSync("mkdir", ["-p", join(virtualenv, "bin")]);
  const limited = join(virtualenv, "bin/python");
  writeFileSync(limited, `#!/bin/sh\nulimit -d ${limit}\nexec ${python} "$@"\n`);
  chmodSync(limited, 0o755);
  return limited;
}

function largeDump(): string {
  const row = (pk: number) => ({
    model: "redirect.target",
    pk,
    fields: { name: `target${pk}`, url: `http://example.org/${pk}`, description: "é".repeat(4000) },
  });
  return JSON.stringify(Array.from({ length: rows }, (_, index) => row(index + 1)));
}
