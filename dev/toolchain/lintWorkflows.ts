import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { reasonOf, tellFailure } from "../../commands/failure";
import { buildFromModules } from "./goBuild";

/** `npm test` runs it: actionlint, on GitHub's workflows. It is built from Go modules, once. */

const root = join(__dirname, "../..");

async function lintWorkflows(): Promise<void> {
  let actionlint: string;
  try {
    actionlint = await buildFromModules(
      {
        title: "actionlint",
        version: "1.7.12",
        modules: join(__dirname, "actionlint"),
        program: "github.com/rhysd/actionlint/cmd/actionlint",
        output: "actionlint/actionlint",
        otherwise: "unset CI, which leaves actionlint out",
      },
      (line) => {
        console.log(line);
      },
    );
  } catch (error) {
    if (process.env["CI"] === "true") throw error;
    console.log(`Left out: actionlint. ${reasonOf(error)}`);
    return;
  }
  const folder = join(root, ".github/workflows");
  const files = (await readdir(folder)).map((file) => join(folder, file));
  const { exitCode, all } = await execa(actionlint, ["-no-color", ...files], {
    ...{ cwd: root, stdin: "ignore", all: true, reject: false },
  });
  if (all !== "") console.log(all);
  process.exitCode = exitCode ?? 1;
}

lintWorkflows().catch(tellFailure);
