import { describe, expect, it } from "vitest";
import { problemText } from "../../../../host/problem";
import {
  inspectRequirements,
  type RequirementNeeds,
} from "../../../../preflight/source/requirements";

type Files = Readonly<Record<string, string | Buffer>>;

/** What is found in requirements that are these files. */
function inspected(
  files: Files | string,
  needs: Partial<RequirementNeeds> = {},
  requirementsFile = "requirements.txt",
): string[] {
  const all: Files = typeof files === "string" ? { "requirements.txt": files } : files;
  const contents = new Map(Object.entries(all).map(([path, text]) => [path, Buffer.from(text)]));
  const tree = {
    has: (path: string) => [...contents.keys()].some((one) => `${one}/`.startsWith(`${path}/`)),
    read: (path: string) => contents.get(path),
  };
  const layout = { settingsModule: "tracks.settings", wsgi: "tracks/wsgi.py", requirementsFile };
  return inspectRequirements(tree, layout, { postgresql: false, extra: [], ...needs }).map(
    (problem) => `${problem.severity} ${problemText(problem)}`,
  );
}

const django = "Django==4.2.30\n";

describe("requirements", () => {
  it("that are missing are an error", () => {
    expect(inspected({})).toEqual([
      expect.stringMatching(/^error requirements.txt\n.*no such file/),
    ]);
  });

  it("may have hashes, markers, extras, links, options and comments", () => {
    const text = `# for the site
--index-url https://pypi.example.org/simple
Django[argon2] == 4.2.30 \\
    --hash=sha256:0123 # the wheel's
typing_extensions==4.15.0; python_version < "3.11"
beans @ https://example.org/beans-1.0.whl
`;
    expect(inspected(text)).toEqual([]);
  });

  it("are named in a warning when they aren't pinned, unless a constraint pins them", () => {
    const text = 'django>=4.2\nbeans\nroast; python_version == "3.9"\npinned==1\n-c pins.txt\n';
    expect(inspected({ "requirements.txt": text, "pins.txt": "Beans==1\n" })).toEqual([
      expect.stringMatching(/^warning requirements.txt\n.*django>=4.2, roast, without a version/),
    ]);
  });

  it("without Django are warned of", () => {
    expect(inspected("django-beans==1\n")).toEqual([
      expect.stringMatching(/^warning requirements.txt\n.*no line for Django/),
    ]);
  });

  it("may include other files of the source, whose changes make a new virtualenv too", () => {
    const files = {
      "requirements/all.txt": "-r base.txt\n-rmore.txt\n",
      "requirements/base.txt": django,
      "requirements/more.txt": "-r base.txt\nbeans==1\n",
    };
    expect(inspected(files, {}, "requirements/all.txt")).toEqual([]);
  });

  it("that include a file outside of the source are warned of", () => {
    const text = `${django}--constraint=https://me:sesame@example.org/all.txt\n`;
    const found = inspected(text);
    expect(found).toEqual([
      expect.stringMatching(/^warning requirements.txt\n.*all.txt, outside the source/),
      expect.stringMatching(/^warning requirements.txt\n.*a password in https:\/\/\*{4}@example/),
    ]);
    expect(found.join()).not.toContain("sesame");
  });

  it.each<[string, Files, RegExp]>([
    [
      "a file that isn't there",
      { "requirements.txt": "-r base.txt" },
      /base.txt\n.*no such file in the source/,
    ],
    [
      "themselves",
      { "requirements.txt": "-r a/b.txt", "a/b.txt": "-c ../requirements.txt" },
      /^error a\/b.txt\n.*includes itself: requirements.txt -> a\/b.txt -> requirements.txt/,
    ],
    [
      "a folder that isn't there",
      { "requirements.txt": "./vendor/beans" },
      /given: {3}vendor\/beans\n/,
    ],
    [
      "one with archives",
      { "requirements.txt": "-f wheelhouse" },
      /wheelhouse\n.*no such file in the source/,
    ],
    ["what is above", { "requirements.txt": "-r ../all.txt" }, /\.\.\/all.txt, which is outside/],
    [
      "an absolute path",
      { "requirements.txt": "-c /etc/pins.txt" },
      /\/etc\/pins.txt, which is out/,
    ],
    ["a package above", { "requirements.txt": "-e ../beans" }, /\.\.\/beans, which is outside/],
    ["archives above", { "requirements.txt": "--find-links=/srv/w" }, /\/srv\/w, which is outside/],
    [
      "what conda built",
      { "requirements.txt": "beans @ file:///croot/beans_165/work" },
      /\/croot\/beans_165\/work, a folder in which conda built[^]*pip list --format=freeze/,
    ],
    [
      "a variable",
      { "requirements.txt": "-i https://${TOKEN}@i.test/s" },
      /the variable TOKEN\n.*no such variable on the host/,
    ],
    ["no text", { "requirements.txt": Buffer.from([0x42, 0xe9, 0x0a]) }, /save it as UTF-8/],
  ])("that name %s are an error", (_, files, message) => {
    const errors = inspected(files).filter((text) => text.startsWith("error"));
    expect(errors).toEqual([expect.stringMatching(message)]);
  });

  it("may name what exists, relative to the file or to the source", () => {
    const files = {
      "requirements/all.txt": `${django}-f ./wheels\n-f vendor\n./vendor/beans[hot]\n-e vendor/beans#egg=x\nroast @ file:vendor/roast-1.0.tar.gz\n`,
      "requirements/wheels/a.whl": "",
      "vendor/beans/setup.py": "",
      "vendor/roast-1.0.tar.gz": "",
    };
    expect(inspected(files, {}, "requirements/all.txt")).toEqual([]);
  });

  it.each<[string, string | Buffer]>([
    ["a byte order mark", "\uFEFF-r base.txt"],
    ["UTF-16, as PowerShell writes", Buffer.from("\uFEFF-r base.txt\r\n", "utf16le")],
    [
      "an encoding that they name",
      Buffer.from("# coding: latin-1\n# caf\xe9\n-r base.txt", "latin1"),
    ],
    ["a line that goes on", "-r \\\r\nbase.txt\r\n"],
    ["an abbreviation and quotes", "--requireme 'base.txt'"],
  ])("are read as pip reads them: %s", (_, content) => {
    const files = { "requirements.txt": content, "base.txt": "Django>=4.2" };
    expect(inspected(files)).toEqual([
      expect.stringMatching(/^warning base.txt\n.*Django>=4.2, without a version/),
    ]);
  });

  it.each([
    ["git+https://git.test/beans.git", true],
    ["git+https://git.test/beans.git@main#egg=beans", true],
    ["beans @ git+ssh://git@git.test/beans.git@feature/x", true],
    ["-e git+https://git.test/beans.git#egg=beans", true],
    ["https://git.test/beans/archive/refs/heads/main.zip", true],
    ["git+https://git.test/beans.git@v1.2", false],
    ["beans @ git+https://git.test/beans.git@0123456789abcdef0123456789abcdef01234567", false],
    ["https://git.test/beans/archive/refs/tags/1.0.tar.gz", false],
  ])("that take %s are warned of when it is a branch: %s", (line, isBranch) => {
    const found = inspected(`${django}${line}\n`);
    expect(found).toEqual(
      isBranch
        ? [expect.stringMatching(/^warning .*\n.*which is a branch\n.*a commit, such as/)]
        : [],
    );
  });
});

describe("PostgreSQL's driver, where hashes are required,", () => {
  const hash = "--hash=sha256:0123";

  it.each([
    [
      `Django==4.2.30 ${hash}\n`,
      /^ +psycopg2==2\.9\.10; python_version >= "3\.8" --hash=sha256:12ec/m,
    ],
    [
      `--require-hashes\n${django}`,
      /^ +psycopg2==2\.9\.6; python_version < "3\.8" --hash=sha256:f151/m,
    ],
    [`Django==2.2.28 \\\n  ${hash}\n`, /^ +psycopg2==2\.8\.6 --hash=sha256:fb23f6c7/m],
  ])("is missing: the error names the lines to add to %s", (text, line) => {
    const [found, ...others] = inspected(text, { postgresql: true });
    expect(found).toMatch(/^error requirements.txt\n.*hashes, and no driver/);
    expect(found).toMatch(line);
    expect(others).toEqual([]);
    expect(inspected(text)).toEqual([]);
  });

  it.each([
    "psycopg2==2.9.10",
    "Psycopg2_Binary==2.8.6 ; python_version > '3'",
    "psycopg[binary]==3.2.1",
    "psycopg[c,pool]==3.2.1",
    "psycopg2cffi==2.9.0",
    "psycopg2 @ https://pypi.test/psycopg2-2.9.10.tar.gz",
    "./wheels/psycopg2_binary-2.9.10-cp39-cp39-manylinux2014_x86_64.whl",
  ])("may be %s, also in a file that is included", (driver) => {
    const files = {
      "requirements.txt": `Django==4.2.30 ${hash}\n-r base.txt\n`,
      "base.txt": `${driver} ${hash}\n`,
      "wheels/psycopg2_binary-2.9.10-cp39-cp39-manylinux2014_x86_64.whl": "",
    };
    expect(inspected(files, { postgresql: true })).toEqual([]);
  });

  it("is neither one that only a constraint names, nor one like psycopg-pool", () => {
    const files = {
      "requirements.txt": `Django==4.2.30 ${hash}\npsycopg-pool==3.2 ${hash}\n-c pins.txt\n`,
      "pins.txt": `psycopg2==2.9.10 ${hash}\n`,
    };
    expect(inspected(files, { postgresql: true })).toHaveLength(1);
  });

  it("can't come from a setting, nor can any other package", () => {
    const extra = ["psycopg2==2.9.10"];
    expect(inspected(`Django==4.2.30 ${hash}`, { extra })).toEqual([
      expect.stringMatching(/extraRequirements\n.*psycopg2==2.9.10, without hashes/),
    ]);
  });
});
