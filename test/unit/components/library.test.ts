import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import * as library from "../../../components";

const root = join(__dirname, "../../..");

/** What the examples use that others of them make. */
const prelude = `
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { ${Object.keys(library).join(", ")} } from "./components";
import {
  examineHost,
  planPostgres,
  postgresForwarding,
  postgresQuestion,
} from "./preflight/library";
import type * as tracks from "./components";
declare const app: tracks.DjangoApp;
declare const archive: tracks.LocalFile;
declare const connection: tracks.Connection;
declare const database: tracks.PostgresDatabase;
declare const deployer: tracks.LinuxUser;
declare const dump: tracks.LocalFile;
declare const host: tracks.Host;
declare const nginx: tracks.Nginx;
declare const packages: tracks.SystemPackages;
declare const robots: tracks.RobotsTxt;
declare const site: tracks.NginxSite;
declare const uwsgi: tracks.Uwsgi;
`;

/** The example of each class and function of a file, by its name. */
function examplesOf(file: string): [string, string][] {
  const documented =
    /@example\n \* ```ts\n((?: \*.*\n)*?) \* ```\n \*\/\nexport (?:async )?\w+ (\w+)/g;
  return [...readFileSync(join(root, file), "utf8").matchAll(documented)].map(
    ([, code = "", name = ""]) => [name, code.replace(/^ \* ?/gm, "")],
  );
}

const sources = readdirSync(join(root, "components")).filter((name) => name.endsWith(".ts"));
const examples = new Map(
  [
    "host/Host.ts",
    "preflight/database/plan.ts",
    "preflight/host/examineHost.ts",
    ...sources.map((name) => `components/${name}`),
  ].flatMap(examplesOf),
);

describe("the components as a library", () => {
  it("have an example each", () => {
    const components = Object.entries<unknown>(library)
      .filter(([, value]) => (value as object) instanceof Function)
      .filter(([, value]) => (value as { prototype: unknown }).prototype instanceof pulumi.Resource)
      .map(([name]) => name);
    expect(components.length).toBeGreaterThan(10);
    expect([...examples.keys()].sort()).toEqual(
      [...components, "connectionTo", "examineHost", "planPostgres"].sort(),
    );
  });

  it("have examples that compile", () => {
    const path = join(root, "examples-of-components.ts");
    const bodies = [...examples].map(
      ([name, code]) => `export async function of${name}() {\n${code}}\n`,
    );
    const text = prelude + bodies.join("");
    const { options } = ts.parseJsonConfigFileContent(
      ts.readConfigFile(join(root, "tsconfig.json"), (file) => ts.sys.readFile(file)).config,
      ts.sys,
      root,
      // An example names what it makes, and leaves it to the reader.
      { noUnusedLocals: false },
    );
    const files = ts.createCompilerHost(options);
    const host: ts.CompilerHost = {
      ...files,
      fileExists: (name) => name === path || files.fileExists(name),
      getSourceFile: (name, ...more) =>
        name === path
          ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022)
          : files.getSourceFile(name, ...more),
    };
    const program = ts.createProgram([path], options, host);
    const source = program.getSourceFile(path);
    const messages = program
      .getSemanticDiagnostics(source)
      .map(({ messageText, start = 0 }) => [
        text.slice(text.lastIndexOf("\n", start) + 1, text.indexOf("\n", start)),
        ts.flattenDiagnosticMessageText(messageText, "\n"),
      ]);
    expect(messages).toEqual([]);
  });

  it.each(["Node10", "Node16", "NodeNext", "Bundler"] as const)(
    "are found by TypeScript with the moduleResolution %s",
    (resolution) => {
      const moduleResolution = ts.ModuleResolutionKind[resolution];
      // The package as npm installs it; its compiled files are there as soon as it is packed.
      const installed = "/program/node_modules/tracks";
      const files = new Map([
        [`${installed}/package.json`, readFileSync(join(root, "package.json"), "utf8")],
        [`${installed}/dist/components/index.d.ts`, ""],
        [`${installed}/dist/preflight/library.d.ts`, ""],
      ]);
      const host = {
        fileExists: (path: string) => files.has(path),
        readFile: (path: string) => files.get(path),
      };
      for (const [name, file] of [
        ["tracks/components", "dist/components/index.d.ts"],
        ["tracks/preflight", "dist/preflight/library.d.ts"],
      ] as const) {
        const { resolvedModule } = ts.resolveModuleName(
          name,
          "/program/index.ts",
          { moduleResolution },
          host,
        );
        expect(resolvedModule?.resolvedFileName).toBe(`${installed}/${file}`);
      }
    },
  );
});
