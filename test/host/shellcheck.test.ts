import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { expect, test } from "vitest";
import { hostScript, hostScriptDigest } from "../../host/script/hostScript";

const parts = join(__dirname, "../../host/script");

test("shellcheck finds nothing in the assembled script", () => {
  const run = execaSync("shellcheck", ["--shell=bash", "-"], {
    input: hostScript(),
    reject: false,
  });
  if (run.code === "ENOENT") {
    throw new Error("shellcheck is missing: install it (apt-get install shellcheck)");
  }
  expect(run.stdout).toBe("");
}, 180_000);

test("the script uses only what bash 4.1 and coreutils 8.4 have", () => {
  const newer = {
    "local -n (4.3)": /\b(local|declare) -[a-zA-Z]*n\b/,
    "declare -g (4.2)": /\bdeclare -[a-zA-Z]*g/,
    "[[ -v (4.2)": /\[\[ -v /,
    "wait -n (4.3)": /\bwait -n\b/,
    "${x@Q} (4.4)": /\$\{[a-zA-Z_]+@[A-Z]\}/,
    "readarray -d (4.4)": /\b(readarray|mapfile) -d/,
    "negative index (4.3)": /\$\{[a-zA-Z_]+\[-\d+\]\}/,
    "%(fmt)T (4.2)": /%\([^)]*\)T/,
    "lastpipe (4.2)": /shopt -s lastpipe/,
    "local - (4.4)": /\blocal -\s/,
    "timeout -k (coreutils 8.5)": /\btimeout (-s \w+ )?-k/,
    "realpath (coreutils 8.15)": /^\s*(\S+=\$\()?realpath /m,
  };
  for (const [what, pattern] of Object.entries(newer)) {
    expect(hostScript(), what).not.toMatch(pattern);
  }
});

test("every part is in the order, and the text begins and ends as the installer expects", () => {
  const files = readdirSync(parts, { recursive: true, encoding: "utf8" }).filter((file) =>
    /\.(sh|py)$/.test(file),
  );
  const order = readFileSync(join(parts, "order"), "utf8").trimEnd().split("\n");
  expect([...order].sort()).toEqual(files.sort());
  expect(hostScript()).toMatch(/^#!\/bin\/bash\n/);
  expect(hostScript()).toMatch(/\n# end of the tracks host script\n$/);
  expect(hostScriptDigest()).toBe(createHash("sha256").update(hostScript()).digest("hex"));
});

test("shellcheck finds nothing in the script that the benchmark compares with", () => {
  const folder = join(__dirname, "../../dev/bench/contenders/script");
  const options = ["--external-sources", "--source-path=SCRIPTDIR"];
  const files = readdirSync(folder).map((file) => join(folder, file));
  const run = execaSync("shellcheck", [...options, ...files], { reject: false });
  expect(run.stdout).toBe("");
});

test("shellcheck finds nothing in the scripts of a pipeline", () => {
  const folder = join(__dirname, "../../ci");
  const files = readdirSync(folder).map((file) => join(folder, file));
  const run = execaSync("shellcheck", files, { reject: false });
  expect(run.stdout).toBe("");
  expect(run.exitCode).toBe(0);
});
