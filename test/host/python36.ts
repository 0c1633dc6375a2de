import { accessSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";

/** Path of a real Python 3.6, the one of Enterprise Linux 7 and 8. */
export function python36(): string {
  try {
    const root = execaSync("pyenv", ["root"]).stdout;
    const python = join(root, "versions/3.6.15/bin/python");
    accessSync(python);
    return python;
  } catch {
    throw new Error("this needs pyenv's Python 3.6.15: install pyenv, then pyenv install 3.6.15");
  }
}
