import { chmodSync, closeSync, mkdirSync, openSync, symlinkSync, writeSync } from "node:fs";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";

/** Static files by names that people give them, each with its own name for content. */
export const oddNames = [
  "a blank.txt",
  "it's.txt",
  'a "quote".txt',
  "-rf.txt",
  "100%41.txt",
  "semi;colon&.txt",
  "caf\u00e9 composed.txt",
  "cafe\u0301 decomposed.txt",
  "line\nbreak.txt",
  `${"long".repeat(60)}.txt`,
];

/** Lines of requirements in every form that can stand beside the others. */
const requirements: Readonly<Record<string, string | Buffer>> = {
  // As PowerShell's > writes it.
  "requirements.txt": Buffer.from("\uFEFF-r requirements/base.txt\r\n-c pins.txt\r\n", "utf16le"),
  "requirements/base.txt": `\uFEFF# coding: utf-8
--extra-index-url http://zoo:open@sesame@127.0.0.1:8070/simple
--no-binary greeting
--find-links wheelhouse
Django
sqlparse==0.5.5
typing_extensions==4.15.0; python_version < "3.11"
pywin32==306; sys_platform == "win32"
psycopg2-binary==2.9.10
zoo-beans[hot] \\
  ==1.0
./vendor/greeting
-e ./vendor/farewell
./vendor/roast-1.0-py2.py3-none-any.whl
zoo-indexed==1.0
grind @ git+http://127.0.0.1:8070/grind.git@main
`,
  "pins.txt": "Django==4.2.30\nasgiref==3.11.1\n",
};

/** What pip must have installed from them, beside what these need. */
export const installed = {
  django: "4.2.30",
  asgiref: "3.11.1",
  "psycopg2-binary": "2.9.10",
  "zoo-beans": "1.0",
  "zoo-chili": "2.0",
  greeting: "1.0",
  farewell: "1.0",
  roast: "1.0",
  "zoo-indexed": "1.0",
  grind: "1.0",
};

export const manyFiles = 10_000;
const mebibyte = 2 ** 20;

/** Puts everything odd into a copy of the sample; returns the digest of its large file. */
export async function makeZoo(folder: string): Promise<string> {
  const write = async (path: string, content: string | Buffer, mode = 0o644): Promise<void> => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
    chmodSync(join(folder, path), mode);
  };
  for (const [path, content] of Object.entries(requirements)) await write(path, content);
  for (const name of ["greeting", "farewell"])
    await write(`vendor/${name}/setup.py`, setupOf(name));
  for (const name of oddNames) await write(`roasted/static/zoo/${name}`, name);
  for (let index = 0; index < manyFiles; index++)
    await write(`many/${index % 100}/${index}.txt`, String(index));
  await write("mine.ini", "mine", 0o600);
  await write("nobody.ini", "nobody", 0o000);
  await write("setuid.sh", "#!/bin/sh\n", 0o4755);
  await write(".env", "TOKEN=sesame\n");
  symlinkSync("../static/zoo/it's.txt", join(folder, "roasted/templates/link.txt"));
  symlinkSync("zoo", join(folder, "roasted/static/cage"));
  symlinkSync("not there yet", join(folder, "dangling"));
  mkdirSync(join(folder, "empty"));
  await appendFile(join(folder, "tracks/urls.py"), packagesPage);
  await writeFile(
    join(folder, "tracks/settings/base.py"),
    `${await readFile(join(folder, "tracks/settings/base.py"), "utf8")}\nINSTALLED_APPS += ["zoo"]\n`,
  );
  return writeLarge(join(folder, "large.bin"), 200);
}

export function setupOf(name: string): string {
  return `from setuptools import setup\nsetup(name="${name}", version="1.0", py_modules=[])\n`;
}

/** A file without a hole, and without two equal parts. */
function writeLarge(path: string, mebibytes: number): string {
  const digest = createHash("sha256");
  const part = Buffer.alloc(mebibyte);
  for (let index = 0; index < part.length; index++) part[index] = (index * 2_654_435_761) >>> 13;
  const file = openSync(path, "w");
  for (let index = 0; index < mebibytes; index++) {
    part.writeUInt32BE(index);
    digest.update(part);
    writeSync(file, part);
  }
  closeSync(file);
  return digest.digest("hex");
}

/** A page that shows what is installed. */
const packagesPage = `

def _packages(request):
    from importlib.metadata import distributions

    from django.http import JsonResponse

    return JsonResponse({one.metadata["Name"].lower().replace("_", "-"): one.version for one in distributions()})


urlpatterns.insert(0, path("packages/", _packages))
`;
