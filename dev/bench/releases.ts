import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Sample application that every contender deploys. */
export const sampleFolder = join(__dirname, "../sample/tracks");
/** Dump of its old data. */
export const sampleDump = join(__dirname, "../sample/tracks_redirect.json");

const FIRST_VERSION = "1.0.0";
const CODE_VERSION = "roasted/version.py";
const TEMPLATE_VERSION = "roasted/templates/roasted/base.html";

/** Replaces the content of `folder` by the sample's first version. */
export async function writeFirstRelease(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await cp(sampleFolder, folder, {
    recursive: true,
    filter: (path) => !path.includes("__pycache__"),
  });
}

/**
 * Changes the sample's version: one line of code and one of a template.
 *
 * @param version such as `1.1.0`
 */
export async function writeRelease(folder: string, version: string): Promise<void> {
  await writeFirstRelease(folder);
  for (const file of [CODE_VERSION, TEMPLATE_VERSION]) {
    const path = join(folder, file);
    const text = await readFile(path, "utf8");
    if (!text.includes(FIRST_VERSION)) throw new Error(`${file} does not name ${FIRST_VERSION}`);
    await writeFile(path, text.replace(FIRST_VERSION, version));
  }
}

/** Changes the sample so that it can't be imported: it needs a package that is not in requirements.txt. */
export async function writeBrokenRelease(folder: string, version: string): Promise<void> {
  await writeRelease(folder, version);
  const views = join(folder, "roasted/views.py");
  await writeFile(views, `import roasting_profiles\n${await readFile(views, "utf8")}`);
}
