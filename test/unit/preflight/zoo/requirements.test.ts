import { join } from "node:path";
import { describe, it } from "vitest";
import { expectPreview, type Outcome, sampleSource, writeFiles } from "./preview";

/**
 * Requirements as people have them, and what becomes of each in the preview.
 *
 * What each form means is in ../source/requirements.test.ts, what the host's pip makes of it in
 * ../../host/virtualenv.test.ts; the forms that can stand together are deployed in ../../e2e/zoo.test.ts.
 */
const django = "Django==4.2.30\n";
const utf16 = (text: string): Buffer => Buffer.from(`\uFEFF${text}`, "utf16le");

type Files = Readonly<Record<string, string | Buffer>>;

const inputs: readonly [what: string, requirements: string | Buffer | Files, outcome: Outcome][] = [
  ["pinned, with markers and extras", `Django[argon2]==4.2.30; python_version>"3"\n`, "taken"],
  [
    "options of pip",
    `--no-binary :all:\n--prefer-binary\n--extra-index-url https://i.test/s\n${django}`,
    "taken",
  ],
  ["the whole in UTF-16", utf16("Django==4.2.30\r\n"), "taken"],
  [
    "what Debian's pip freeze writes",
    `${django}pkg-resources==0.0.0\n`,
    { refused: /requirements\.txt\n.*pkg-resources==0\.0\.0\n.*remove the line/ },
  ],
  [
    "what conda's pip freeze writes",
    `${django}asgiref @ file:///croot/asgiref_1/work\n`,
    { refused: /in which conda built a package[^]*pip list --format=freeze/ },
  ],
  ["a version that is none", "Django==4.2.*\n", { warned: /Django==4\.2\.\*, without a version/ }],
  [
    "a password with an @ in it",
    `-i https://me:p@ss@i.test/simple\n${django}`,
    { warned: /a password in https:\/\/\*{4}@i\.test\/simple/ },
  ],
  [
    "a password with a slash in it",
    `-i https://me:p/as@i.test/simple\n${django}`,
    { warned: /a password in https:\/\/\*{4}@i\.test\/simple/ },
  ],
  [
    "a token in place of a user",
    `${django}beans @ git+https://ghp_0123456789abcdefghij@git.test/beans.git@v1.0\n`,
    { warned: /a password in git\+https:\/\/\*{4}@git\.test\/beans\.git@v1\.0/ },
  ],
  [
    "a user that logs in with a key",
    `${django}beans @ git+ssh://git@git.test/beans.git@v1.0\n`,
    "taken",
  ],
  [
    "a branch of a repository on the host",
    `${django}git+file:///srv/beans.git@main#egg=beans\n`,
    { warned: /which is a branch/ },
  ],
];

describe("requirements that are", () => {
  it.each(inputs)("%s", async (_what, requirements, outcome) => {
    const folder = sampleSource();
    const isFiles = typeof requirements === "object" && !Buffer.isBuffer(requirements);
    writeFiles(folder, isFiles ? requirements : { "requirements.txt": requirements });
    await expectPreview({ sourceFolder: join(folder) }, outcome);
  });
});
