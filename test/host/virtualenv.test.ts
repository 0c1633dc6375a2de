import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeWheels } from "./pythonPackages";

const parts = join(__dirname, "../../host/script/python");
/** As the host script puts it together. */
const program = ["requirements", "pip_settings", "virtualenv"]
  .map((name) => readFileSync(join(parts, `${name}.py`), "utf8"))
  .join("");

const python = execaSync("python3", ["-c", "import sys; print(sys.executable)"]).stdout;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tracks-virtualenv-"));
  for (const name of ["home", "release"]) mkdirSync(join(root, name));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, content: string | Buffer, release = "release"): void {
  mkdirSync(dirname(join(root, release, path)), { recursive: true });
  writeFileSync(join(root, release, path), content);
}

interface Options {
  requirements?: string;
  database?: "postgresql" | "none";
  extra?: readonly string[];
  environment?: Readonly<Record<string, string>>;
  release?: string;
}

function run(verb: "find" | "build", options: Options = {}) {
  const { requirements = "requirements.txt", database = "none", extra = [] } = options;
  const words = ["-", verb, join(root, "home/venvs"), requirements, database, ...extra];
  return execaSync(python, words, {
    cwd: join(root, options.release ?? "release"),
    input: program,
    env: { PIP_CONFIG_FILE: "/dev/null", ...options.environment },
    stripFinalNewline: false,
    reject: false,
  });
}

/** The name of the virtualenv that the release needs. */
function needed(options?: Options): string {
  const { stdout, stderr } = run("find", options);
  expect(stderr).toBe("");
  return /^absent (\w{12})\n$/.exec(stdout)?.[1] ?? "";
}

/** Builds it, with packages of the wheelhouse, and says what is installed. */
function built(options?: Options): string[] {
  const { stdout, stderr } = run("build", options);
  expect(stderr).toBe("");
  const name = /^built (\w{12})\n$/.exec(stdout)?.[1] ?? "";
  const its = join(root, "home/venvs", name, "bin/python");
  const list = execaSync(its, ["-m", "pip", "list", "--format=json"]);
  return (JSON.parse(list.stdout) as { name: string; version: string }[])
    .map((one) => `${one.name}==${one.version}`)
    .filter((line) => !/^(pip|setuptools|wheel)=/.test(line));
}

describe("PostgreSQL's driver", () => {
  beforeEach(() => {
    writeWheels(
      join(root, "release/wheelhouse"),
      ...["Django==2.2.28", "Django==3.2.25", "psycopg2==2.8.6", "psycopg2==2.9.10"],
      ...["psycopg2-binary==2.8.6", "psycopg2_binary==2.9.10", "beans==1.0"],
    );
  });
  const here = "--no-index\n--find-links wheelhouse\n";

  it("is added below 2.9 where Django's range ends before 3.1, from the same index as the others", () => {
    write("requirements.txt", `${here}Django>=2.2,<3.0\n`);
    expect(built({ database: "postgresql" })).toEqual(["Django==2.2.28", "psycopg2==2.8.6"]);
  });

  it("is added within the application's constraints", () => {
    write("requirements/all.txt", `${here}Django\n-c pins.txt\n`);
    write("requirements/pins.txt", "django==3.2.25\npsycopg2==2.8.6\n");
    expect(built({ database: "postgresql", requirements: "requirements/all.txt" })).toEqual([
      "Django==3.2.25",
      "psycopg2==2.8.6",
    ]);
  });

  it("is the one that an included file pins, however its name is written", () => {
    write("requirements.txt", `${here}-r base.txt\n`);
    write("base.txt", 'Django==2.2.28\nPsycoPG2_Binary==2.8.6 ; python_version > "2"\n');
    expect(built({ database: "postgresql" })).toEqual(["Django==2.2.28", "psycopg2-binary==2.8.6"]);
  });

  it.each([
    ["a line's hash", "beans==1.0 \\\n  --hash=sha256:0123\n"],
    ["the option", "--require-hashes\nbeans==1.0\n"],
    ["a driver that only a constraint names", "beans==1.0 --hash=sha256:0123\n-c pins.txt\n"],
  ])("is asked for, with lines to add, where %s requires hashes", (_, text) => {
    write("requirements.txt", text);
    write("pins.txt", "psycopg2==2.9.10 --hash=sha256:0123\n");
    const { exitCode, stderr } = run("build", { database: "postgresql" });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^requirements.txt pins its packages by hash and has no driver for PostgreSQL/,
    );
    expect(stderr).toMatch(/^psycopg2==2\.9\.10; python_version >= "3\.8" --hash=sha256:12ec0b/m);
    expect(run("find").exitCode).toBe(0);
  });

  it.each([
    "psycopg2==2.9.10",
    "psycopg[binary]==3.2.1",
    "psycopg[c]==3.2.1",
    "psycopg2cffi==2.9.0",
  ])("is not asked for where %s has its hash", (driver) => {
    write("requirements.txt", `${driver} --hash=sha256:0123\n`);
    expect(run("find", { database: "postgresql" }).stderr).toBe("");
  });

  it("and additional requirements are refused where hashes are required", () => {
    write("requirements.txt", "beans==1.0 --hash=sha256:0123\n");
    expect(run("find", { extra: ["sentry-sdk==2.19.2"] }).stderr).toMatch(
      /extraRequirements can't: move sentry-sdk==2.19.2 to that file, with hashes/,
    );
  });
});

describe("the virtualenv's name", () => {
  const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, "utf16le");
  it.each<[string, Record<string, string | Buffer>, string]>([
    ["an included file", { "requirements.txt": "-r more/base.txt\n" }, "more/base.txt"],
    ["one behind a byte order mark", { "requirements.txt": "\uFEFF-r base.txt" }, "base.txt"],
    [
      "one in UTF-16, as PowerShell writes",
      { "requirements.txt": utf16("-r base.txt\r\n") },
      "base.txt",
    ],
    [
      "one in an encoding that is named",
      { "requirements.txt": Buffer.from("# -*- coding: latin-1 -*-\n-r b\xe4se.txt\n", "latin1") },
      "b\u00e4se.txt",
    ],
    ["one on a line that goes on", { "requirements.txt": "-r \\\r\nbase.txt\r\n" }, "base.txt"],
    ["one by an abbreviation", { "requirements.txt": "--requireme 'a b.txt' # all\n" }, "a b.txt"],
    ["a constraint", { "requirements.txt": "--constraint=pins.txt\n" }, "pins.txt"],
    ["a nested one", { "requirements.txt": "-r a/b.txt", "a/b.txt": "-cc.txt" }, "a/c.txt"],
    [
      "an archive",
      { "requirements.txt": "./vendor/beans-1.0.tar.gz\n" },
      "vendor/beans-1.0.tar.gz",
    ],
    ["an archive's URL", { "requirements.txt": "beans @ file:beans-1.whl\n" }, "beans-1.whl"],
    ["an archive for find-links", { "requirements.txt": "-f wheels\nbeans" }, "wheels/beans.whl"],
    [
      "one beside the file",
      { "requirements.txt": "-rr/a.txt", "r/a.txt": "-f w" },
      "r/w/beans.whl",
    ],
  ])("changes with the content of %s", (_, files, path) => {
    for (const [name, content] of Object.entries(files)) write(name, content);
    const name = (content: string): string => {
      write(path, content);
      return needed();
    };
    const first = name("# one");
    expect(name("# two")).not.toBe(first);
  });

  it.each([
    "vendor/greeting",
    "./vendor/greeting[extra]",
    "-e ./vendor/greeting",
    "--editable=vendor/greeting#egg=greeting",
    "greeting @ file:vendor/greeting",
    "vendor/greeting ; python_version > '2'",
    ".",
    "--find-links .",
  ])("differs for each release from which %s is installed", (line) => {
    for (const release of ["release", "other"]) {
      write("requirements.txt", `${line}\n`, release);
      write("vendor/greeting/setup.py", "", release);
    }
    expect(needed()).not.toBe(needed({ release: "other" }));
  });

  it("is the same for releases that differ only in files that no requirement names", () => {
    for (const release of ["release", "other"]) {
      write("requirements.txt", "-r base.txt\n./a-1.whl\ngit+https://g.test/a/b@v1\n", release);
      write("base.txt", "Django==4.2.30\n", release);
      write("a-1.whl", "", release);
    }
    write("manage.py", "", "other");
    expect(needed()).toBe(needed({ release: "other" }));
  });

  it("changes with the value of an environment variable in it", () => {
    write("requirements.txt", "-r ${TIER}.txt\n");
    write("one.txt", "");
    write("two.txt", "beans\n");
    const first = needed({ environment: { TIER: "one" } });
    expect(needed({ environment: { TIER: "two" } })).not.toBe(first);
  });
});

describe("invalid requirements", () => {
  it.each([
    ["-r ../all.txt", /requirements.txt: -r \.\.\/all.txt leads out of the source/],
    ["-c /etc/pins.txt", /-c \/etc\/pins.txt leads out of the source/],
    ["../greeting", /leads out of the source/],
    ["greeting @ file:///croot/greeting_1/work", /leads out of the source/],
    ["-f /srv/wheels", /leads out of the source/],
    ["-r outside/all.txt", /leads out of the source/],
    ["-r none.txt", /none.txt, which requirements.txt includes, can't be read: No such file/],
    ["-r requirements.txt", /includes itself: requirements.txt -> requirements.txt/],
    ["-i https://me:sesame@i.test/simple\n-r ../all.txt", /^(?![^]*sesame)/],
    ["-f https://me:open@sesame@i.test -r ../all.txt", /^(?![^]*sesame)/],
  ])("are refused: %s", (text, message) => {
    write("requirements.txt", `${text}\n`);
    symlinkSync("/etc", join(root, "release/outside"));
    const { exitCode, stderr } = run("build");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(readdirSync(join(root, "home"))).toEqual([]);
  });
});

describe("a package that can't be built", () => {
  it("is named, with its own messages rather than pip's, and with the whole output in a file of the owner", () => {
    write("requirements.txt", "--index-url https://me:open@sesame@index.test/simple\n./brew\n");
    write(
      "brew/setup.py",
      [
        "import sys",
        'print("Package coffee was not found in the pkg-config search path")',
        'print("\\n".join("step %d" % step for step in range(40)))',
        'sys.exit("error: coffee.h: No such file or directory\\nInstall coffee-devel, or set COFFEE_HOME")',
      ].join("\n"),
    );
    const { exitCode, stderr } = run("build", { environment: { PIP_NO_BUILD_ISOLATION: "0" } });
    expect(exitCode).toBe(1);
    const lines = stderr.trim().split("\n");
    expect(lines[0]).toBe("pip can't install ./brew:");
    expect(lines).toContain("error: coffee.h: No such file or directory");
    expect(lines).toContain("Install coffee-devel, or set COFFEE_HOME");
    expect(stderr).not.toMatch(/subprocess|note:|hint:|[│╰×]|sesame/);
    const log = join(root, "home/venvs/failed-pip.log");
    expect(lines.at(-1)).toBe(`the whole output is in ${log} on the host`);
    expect(readFileSync(log, "utf8")).toMatch(/step 1\n/);
    expect(statSync(log).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(root, "home/venvs"))).toEqual(["failed-pip.log"]);
  });
});

describe("pip's settings on the host", () => {
  it("say where packages come from, and never where they go", () => {
    writeWheels(join(root, "wheels"), "beans==1.0");
    write(
      ".config/pip/pip.conf",
      [
        "[global]",
        "no-index = true",
        `find-links = ${join(root, "wheels")}`,
        "require-virtualenv = true",
        `target = ${join(root, "elsewhere")}`,
        "[install]",
        "user = true",
        `prefix = ${join(root, "elsewhere")}`,
        "dry-run = true",
      ].join("\n"),
      "home",
    );
    write("requirements.txt", "beans\n");
    const environment = { HOME: join(root, "home"), PIP_CONFIG_FILE: "", XDG_CONFIG_HOME: "" };
    expect(built({ environment })).toEqual(["beans==1.0"]);
    expect(readdirSync(root)).not.toContain("elsewhere");
  });
});

describe("the temporary folder of a build", () => {
  it("is next to the virtualenvs, since /tmp may be noexec, and nothing of it stays", () => {
    write("requirements.txt", "./brew\n");
    write(
      "brew/setup.py",
      'import sys, tempfile\nsys.exit("built in %s" % tempfile.gettempdir())\n',
    );
    mkdirSync(join(root, "home/venvs/.build-killed"), { recursive: true });
    const { stderr } = run("build", { environment: { PIP_NO_BUILD_ISOLATION: "0" } });
    expect(stderr).toContain(`built in ${join(root, "home/venvs/.build-")}`);
    expect(readdirSync(join(root, "home/venvs"))).toEqual(["failed-pip.log"]);
  });
});

/** Output of pip itself when it could not build mysqlclient because of missing headers. */
const pipWords: readonly [string, string, readonly string[]][] = [
  [
    "pip 24.2",
    `Looking in links: /srv/wheels
Collecting mysqlclient==2.2.4 (from -r requirements.txt (line 1))
  Downloading mysqlclient-2.2.4.tar.gz (90 kB)
  Installing build dependencies: started
  Installing build dependencies: finished with status 'done'
  Getting requirements to build wheel: started
  Getting requirements to build wheel: finished with status 'error'
  error: subprocess-exited-with-error
  
  × Getting requirements to build wheel did not run successfully.
  │ exit code: 1
  ╰─> [29 lines of output]
      Trying pkg-config --exists mysqlclient
      Command 'pkg-config --exists mysqlclient' returned non-zero exit status 1.
      Traceback (most recent call last):
        File "/home/deployer/venvs/one/lib/python3.13/site-packages/pip/_vendor/pyproject_hooks/_in_process/_in_process.py", line 353, in <module>
          main()
          ~~~~^^
        File "<string>", line 28, in find_package_name
      Exception: Can not find valid pkg-config name.
      Specify MYSQLCLIENT_CFLAGS and MYSQLCLIENT_LDFLAGS env vars manually
      [end of output]
  
  note: This error originates from a subprocess, and is likely not a problem with pip.
error: subprocess-exited-with-error

× Getting requirements to build wheel did not run successfully.
│ exit code: 1
╰─> See above for output.

note: This error originates from a subprocess, and is likely not a problem with pip.
`,
    [
      "pip can't install mysqlclient==2.2.4:",
      "Command 'pkg-config --exists mysqlclient' returned non-zero exit status 1.",
      "Exception: Can not find valid pkg-config name.",
      "Specify MYSQLCLIENT_CFLAGS and MYSQLCLIENT_LDFLAGS env vars manually",
    ],
  ],
  [
    "pip 18.1",
    `Collecting mysqlclient==2.1.1 (from -r requirements.txt (line 1))
  Downloading https://files.test/mysqlclient-2.1.1.tar.gz (88kB)
    Complete output from command python setup.py egg_info:
    mysql_config --libs
    /bin/sh: 1: mysql_config: not found
    Traceback (most recent call last):
      File "<string>", line 1, in <module>
      File "/tmp/pip-install-bxp7twru/mysqlclient/setup_posix.py", line 31, in mysql_config
        raise OSError("{} not found".format(_mysql_config_path))
    OSError: mysql_config not found
    
    ----------------------------------------
Command "python setup.py egg_info" failed with error code 1 in /tmp/pip-install-bxp7twru/mysqlclient/
`,
    [
      "pip can't install mysqlclient==2.1.1:",
      "mysql_config --libs",
      "/bin/sh: 1: mysql_config: not found",
      "OSError: mysql_config not found",
    ],
  ],
];

it.each(pipWords)(
  "shortens pip's output to the few lines that say why: %s",
  (_, output, reason) => {
    const functions = program.slice(0, program.lastIndexOf("\ntry:\n    main("));
    const { stdout, stderr } = execaSync(
      python,
      ["-c", `${functions}\nprint("\\n".join(reason(sys.stdin.buffer.read().decode("utf-8"))))`],
      { input: output },
    );
    expect(stderr).toBe("");
    expect(stdout.trimEnd().split("\n")).toEqual(reason);
  },
);

/** An interpreter whose package has no venv, as Python 2 and some distributions have it. */
describe("the virtualenv of an interpreter without venv", () => {
  it("is created by virtualenv, which is installed for the user", () => {
    mkdirSync(join(root, "hidden"));
    writeFileSync(join(root, "hidden/ensurepip.py"), 'raise ImportError("not packaged")\n');
    const environment = {
      // Target of `pip install --user`; pip's other settings are those of this machine.
      PYTHONUSERBASE: join(root, "home/.local"),
      PYTHONPATH: join(root, "hidden"),
      PIP_CONFIG_FILE: "",
      // Debian forbids what Enterprise Linux allows: packages of the user's own.
      PIP_BREAK_SYSTEM_PACKAGES: "1",
    };
    write("requirements.txt", "");
    const { exitCode, stdout, stderr } = run("build", { environment });
    expect(exitCode, stderr).toBe(0);
    const name = /^built (\w{12})\n$/.exec(stdout)?.[1] ?? "";
    const its = join(root, "home/venvs", name, "bin/python");
    const where = execaSync(its, ["-c", "import pip, sys; print(sys.prefix)"]);
    expect(where.stdout).toBe(join(root, "home/venvs", name));
    expect(readdirSync(join(root, "home/.local/lib"))).toHaveLength(1);
    expect(run("find", { environment }).stdout).toBe(`present ${name}\n`);
  });
});
