// Runs one of this project's TypeScript programs, on a fresh clone too: plain Node, since nothing
// is installed yet. Usage: node commands/bootstrap.mjs PROGRAM.ts [ARGUMENT...]
import { spawnSync } from "node:child_process";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old: install Node 20.19 or newer.`);
  process.exit(1);
}

/** Whether npm installed what package-lock.json names, whoever called it. */
function isInstalled() {
  const wanted = packages("package-lock.json");
  const found = packages("node_modules/.package-lock.json");
  if (wanted === undefined || found === undefined) return false;
  const places = Object.keys({ ...wanted, ...found }).filter((place) => place !== "");
  return places.every((place) =>
    place in found
      ? found[place].integrity === wanted[place]?.integrity &&
        found[place].version === wanted[place]?.version
      : // For another system or processor.
        wanted[place].optional === true,
  );
}

/** Packages of a lock file by their places; undefined where it can't be read. */
function packages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), "utf8")).packages;
  } catch {
    return undefined;
  }
}

if (!isInstalled()) {
  const lock = join(root, ".installing");
  takeLock(lock);
  try {
    // Whoever held the lock may have done it.
    if (!isInstalled()) install();
  } finally {
    rmSync(lock, { force: true });
  }
  if (!isInstalled()) process.exit(process.exitCode ?? 1);
}

function install() {
  console.error("Installing the npm packages of package-lock.json into node_modules ...");
  const npm = spawnSync(
    "npm",
    ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"],
    {
      cwd: root,
      // What the program prints may be JSON for another program: only that is on stdout.
      stdio: ["inherit", 2, "inherit"],
    },
  );
  if (npm.status !== 0) process.exitCode = npm.status ?? 1;
}

/** Waits until no other command installs; one that died while it did is taken over from. */
function takeLock(lock) {
  for (let told = false; !tryLock(lock); told = true) {
    if (isAbandoned(lock)) dropLock(lock);
    else {
      if (!told)
        console.error("Another command is installing the npm packages: waiting for it ...");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
    }
  }
}

function tryLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function isAbandoned(lock) {
  try {
    process.kill(Number(readFileSync(lock, "utf8")), 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/** Moved first: of two that saw the same dead holder, the second finds a new holder's lock. */
function dropLock(lock) {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
    if (isAbandoned(aside)) rmSync(aside);
    else renameSync(aside, lock);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}

// In this very process: Ctrl-C and exit codes reach the program itself, with nothing in between.
const require = createRequire(import.meta.url);
require("./typescript.cjs");
const [program, ...args] = process.argv.slice(2);
process.argv = [process.argv[0], join(root, program), ...args];
require(join(root, program));
