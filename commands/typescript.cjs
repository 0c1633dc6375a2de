// Lets Node load this program's TypeScript: `node --require commands/typescript.cjs FILE.ts`. Pulumi.yaml
// has Pulumi do so, in place of ts-node, for which TypeScript's whole compiler is loaded in each run. Types
// are only stripped: `npm test` checks them.
"use strict";

const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const { join, sep } = require("node:path");

const modules = join(__dirname, "../node_modules");
// Each file by its content: an edited one is another entry, and nothing has to be brought up to date.
const cache = join(modules, ".cache/tracks");
const { version } = require(join(modules, "sucrase/package.json"));

// What V8 compiled is kept, too, by a Node that can (22.1 and newer).
Module.enableCompileCache?.(cache);

Module._extensions[".ts"] = (module, file) => {
  const source = readFileSync(file, "utf8");
  const digest = createHash("sha256").update(JSON.stringify([version, file, source]));
  const entry = join(cache, `${digest.digest("hex")}.js`);
  module._compile(readEntry(entry) ?? transform(source, file, entry), file);
};
function readEntry(entry) {
  try {
    return readFileSync(entry, "utf8");
  } catch {
    return undefined;
  }
}

function transform(source, file, entry) {
  // Every line stays where it is: no source map has to be read in each run, and each time that Pulumi's SDK
  // remembers where a resource was made. import() becomes require(), since Node's own knows no TypeScript.
  const { code } = require("sucrase").transform(source, {
    transforms: ["typescript", "imports"],
    disableESTransforms: true,
    filePath: file,
  });
  const unfinished = `${entry}.${process.pid}`;
  try {
    mkdirSync(cache, { recursive: true });
    writeFileSync(unfinished, code);
    renameSync(unfinished, entry);
  } catch {
    // A folder that this login may not write to: the next run transforms it once more.
  }
  return code;
}

// What these packages load at once, and no program here needs: Pulumi's SDK that which serialises functions, traces
// to a collector, runs the CLI, and translates the lines of each stack trace, of which it takes several for each
// resource; zod its languages. Each comes when something of it is asked for.
const later = new Map([
  [
    "@pulumi/pulumi",
    [
      "@logdna/tail-file",
      "@npmcli/arborist",
      "@opentelemetry/exporter-zipkin",
      "@opentelemetry/instrumentation",
      "@opentelemetry/instrumentation-grpc",
      "@opentelemetry/resources",
      "@opentelemetry/sdk-trace-base",
      "@opentelemetry/sdk-trace-node",
      "execa",
      "js-yaml",
      "fdir",
      "normalize-package-data",
      "source-map-support/register",
      "tmp",
      "typescript",
    ],
  ],
  ["zod", ["../locales/index.cjs"]],
]);
const load = Module._load;
Module._load = (request, parent, ...more) => {
  if (!comesLater(request, parent?.filename)) return load(request, parent, ...more);
  return new Proxy(
    {},
    {
      get(_, name) {
        // What says that it is an ES module is taken as it is, not copied name by name.
        if (name === "__esModule") return true;
        const module = load(request, parent, ...more);
        return name === "default" && !module.__esModule ? module : module[name];
      },
    },
  );
};

/** Whether a package asks for something that it is to get later. */
function comesLater(request, file) {
  for (const [name, requests] of later) {
    if (requests.includes(request)) return file?.startsWith(join(modules, name, sep)) === true;
  }
  return false;
}
