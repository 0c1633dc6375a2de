import { cp } from "node:fs/promises";
import { join, relative } from "node:path";

const root = join(__dirname, "../..");

/** Files that somebody installed or made in a checkout, as .gitignore names them. */
const made =
  /(?:^|\/)node_modules$|^(?:\.git|\.lab|\.pulumi|dist|ci-results|tracks-.*\.tgz|Pulumi\.rehearsal\.yaml|dev\/bench\/results)$|^examples\/[^/]+\/(?:package-lock\.json|Pulumi\..+\.yaml)$/;

/** Copies this checkout into a folder as `git clone` does: without what somebody installed or made. */
export async function cloneInto(folder: string): Promise<void> {
  await cp(root, folder, {
    recursive: true,
    filter: (path) => !made.test(relative(root, path)),
  });
}
