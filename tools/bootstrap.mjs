// Runs one of this project's TypeScript programs, on a fresh clone too: plain Node, since nothing
// is installed yet. Usage: node tools/bootstrap.mjs PROGRAM.ts [ARGUMENT...]
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "node_modules", ".tracks-installed");
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old: install Node 20.19 or newer.`);
  process.exit(1);
}

const wanted = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");
const isInstalled = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
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
  console.log("Installing the npm packages of package-lock.json into node_modules ...");
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
  });
  if (npm.status === 0) writeFileSync(stamp, wanted);
  else process.exitCode = npm.status ?? 1;
}

/** Waits until no other command installs; one that died while it did is taken over from. */
function takeLock(lock) {
  for (let told = false; !tryLock(lock); told = true) {
    if (isAbandoned(lock)) dropLock(lock);
    else {
      if (!told) console.log("Another command is installing the npm packages: waiting for it ...");
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
// Node itself resolves and loads everything, ECMAScript modules among it; only types are stripped.
const require = createRequire(import.meta.url);
const { transformSync } = require("esbuild");
Module._extensions[".ts"] = (module, file) => {
  const { code } = transformSync(readFileSync(file, "utf8"), {
    loader: "ts",
    format: "cjs",
    target: "node20",
    sourcefile: file,
    sourcemap: "inline",
  });
  module._compile(code, file);
};
process.setSourceMapsEnabled(true);
const [program, ...args] = process.argv.slice(2);
process.argv = [process.argv[0], join(root, program), ...args];
require(join(root, program));
