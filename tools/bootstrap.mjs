// Runs one of this project's TypeScript programs, on a fresh clone too: plain Node, since nothing
// is installed yet. Usage: node tools/bootstrap.mjs PROGRAM.ts [ARGUMENT...]
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
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
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
  console.log("Installing the npm packages of package-lock.json into node_modules ...");
  const install = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
  });
  if (install.status !== 0) process.exit(install.status ?? 1);
  writeFileSync(stamp, wanted);
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
