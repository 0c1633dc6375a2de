import { createHash } from "node:crypto";
import {
  chmod,
  cp,
  link,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packSource } from "../../../../preflight/source/packSource";

describe("packSource", () => {
  let place: string;
  let tree: string;
  let archives: string;

  beforeEach(async () => {
    place = await mkdtemp(join(tmpdir(), "tracks-source-"));
    tree = join(place, "tree");
    archives = join(place, "archives");
    await mkdir(tree);
    await write("manage.py", "print('hello')\n", 0o755);
    await write("app/views.py", "# views\n");
  });
  afterEach(() => rm(place, { recursive: true }));

  async function write(path: string, content = "", mode = 0o644, root = tree): Promise<void> {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    await chmod(join(root, path), mode);
  }
  function git(...args: string[]): void {
    const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    execaSync("git", ["-C", tree, ...identity, ...args]);
  }
  const digestOf = async (folder = tree) => (await packSource(folder, archives)).sha256;
  async function listed(folder = tree): Promise<string[]> {
    const { path } = await packSource(folder, archives);
    const list = execaSync("tar", ["--list", "--quoting-style=literal", "--file", path]);
    return list.stdout.split("\n");
  }

  it("makes an archive that tar unpacks to the same tree", async () => {
    await write("static/very/" + "long/".repeat(60) + "style.css", "body {}");
    await write("static/ünïcode ☕ \u{1f525} name.txt", "beans");
    await write("empty");
    await write("@at");
    await symlink("../manage.py", join(tree, "app/link"));
    await symlink("nowhere yet", join(tree, "dangling"));
    const { path } = await packSource(tree, archives);
    const unpacked = join(place, "unpacked");
    await mkdir(unpacked);
    execaSync("tar", ["--extract", "--file", path, "--directory", unpacked]);
    execaSync("diff", ["--recursive", "--no-dereference", tree, unpacked]);
    expect((await stat(join(unpacked, "manage.py"))).mode & 0o777).toBe(0o755);
  });

  it("names the archive by its SHA-256, and lets nobody else read it", async () => {
    const { path, sha256, bytes } = await packSource(tree, archives);
    const content = await readFile(path);
    expect(createHash("sha256").update(content).digest("hex")).toBe(sha256);
    expect(path).toBe(join(archives, `${sha256}.tar`));
    expect(content.length).toBe(bytes);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(archives)).mode & 0o777).toBe(0o700);
    await packSource(tree, archives);
    expect(await readdir(archives)).toEqual([`${sha256}.tar`]);
  });

  describe("the digest", () => {
    it("is the same for a copy with other times, owners' modes and hard links", async () => {
      await write("same.txt", "beans");
      await write("copy.txt", "beans");
      const before = await digestOf();
      const copy = join(place, "copy");
      await cp(tree, copy, { recursive: true });
      await utimes(join(copy, "app/views.py"), 1, 1);
      await chmod(join(copy, "app/views.py"), 0o600);
      await chmod(join(copy, "manage.py"), 0o711);
      await chmod(join(copy, "app"), 0o700);
      await rm(join(copy, "copy.txt"));
      await link(join(copy, "same.txt"), join(copy, "copy.txt"));
      expect(await digestOf(copy)).toBe(before);
    });

    it("is the same for a checkout and for a copy of what it tracks", async () => {
      const before = await digestOf();
      git("init", "--quiet");
      git("add", ".");
      expect(await digestOf()).toBe(before);
    });

    it.each<[string, () => Promise<void>]>([
      ["a content", () => write("app/views.py", "# viewz\n")],
      ["a name", () => write("app/other.py")],
      ["an executable bit", () => chmod(join(tree, "app/views.py"), 0o755)],
      ["a link's target", () => symlink("app", join(tree, "link"))],
    ])("changes with %s", async (_, change) => {
      const before = await digestOf();
      await change();
      expect(await digestOf()).not.toBe(before);
    });

    it("stays the same, so that an upgrade of this program deploys nothing", async () => {
      await symlink("app", join(tree, "link"));
      expect(await digestOf()).toMatchInlineSnapshot(
        `"4ac54ef3813ad1e3d031eb7b1837a3b274e718e736846db8c36a2b0446df8b57"`,
      );
      // What a plain header is too narrow for, and what fills blocks and more than one read.
      await symlink("long/".repeat(60), join(tree, "far"));
      await write("static/very/" + "long/".repeat(60) + "style.css", "body {}");
      await write("static/ünïcode ☕ name.txt", "b".repeat(512));
      await write("static/large", "beans\n".repeat(400_000));
      await write(".env", "KEY=secret\n", 0o600);
      await write("empty");
      await mkdir(join(tree, "hollow"));
      expect(await digestOf()).toMatchInlineSnapshot(
        `"5801d54a7b111d87daed83f5f94039bf68d366b64b11e80a1f6c64bd66e383ea"`,
      );
    });
  });

  describe("in a git checkout", () => {
    beforeEach(async () => {
      git("init", "--quiet");
      await write(".gitignore", "*.pyc\n/db.sqlite3\n");
      await write("db.sqlite3", "secret");
      await write("app/views.pyc", "compiled");
    });

    it("packs what is tracked or new, not what is ignored or deleted, nor .git", async () => {
      await write("deleted.py");
      git("add", ".");
      git("commit", "--quiet", "--message", "first");
      await rm(join(tree, "deleted.py"));
      await write("new.py");
      expect(await listed()).toEqual([".gitignore", "app/", "app/views.py", "manage.py", "new.py"]);
    });

    it("packs a folder within it by the rules of the repository", async () => {
      expect(await listed(join(tree, "app"))).toEqual(["views.py"]);
    });

    it("packs a folder that it ignores as one that lies elsewhere", async () => {
      await write(".gitignore", "/app\n");
      expect(await listed(join(tree, "app"))).toEqual(["views.py", "views.pyc"]);
    });

    it("packs a checkout within it by that one's rules", async () => {
      await write("lib/.gitignore", "ignored\n");
      await write("lib/ignored");
      await write("lib/code.py");
      execaSync("git", ["init", "--quiet", join(tree, "lib")]);
      const names = await listed();
      expect(names).toContain("lib/code.py");
      expect(names).not.toContain("lib/ignored");
      expect(names.filter((name) => name.includes(".git/"))).toEqual([]);
    });

    it("refuses a submodule that isn't checked out", async () => {
      const commit = "0123456789012345678901234567890123456789";
      git("update-index", "--add", "--cacheinfo", `160000,${commit},lib`);
      await mkdir(join(tree, "lib"));
      await expect(packSource(tree, archives)).rejects.toThrow(
        /submodule lib, which isn't checked out\n.*git -C .* submodule update --init/,
      );
    });

    it("refuses a submodule whose files are gone", async () => {
      execaSync("git", ["init", "--quiet", join(tree, "lib")]);
      await write("lib/code.py");
      execaSync("git", ["-C", join(tree, "lib"), "add", "."]);
      await rm(join(tree, "lib/code.py"));
      await expect(packSource(tree, archives)).rejects.toThrow(
        /submodule lib, which isn't checked out/,
      );
    });

    it("refuses to guess what is ignored when git can't say", async () => {
      await writeFile(join(tree, ".git/HEAD"), "nonsense");
      await expect(packSource(tree, archives)).rejects.toThrow(
        /git can't list the files to deploy\n/,
      );
    });
  });

  describe("in a folder without .git", () => {
    it("leaves out what .gitignore does, by git's own rules", async () => {
      await write(".gitignore", ".env\nvenv/\n*.log\n/media/*\n!/media/keep.png\n");
      await write("app/.gitignore", "!audit.log\n/views.pyc\n");
      for (const path of [".env", "venv/bin/python", "run.log", "media/a.png", "media/keep.png"])
        await write(path);
      for (const path of ["app/audit.log", "app/other.log", "app/views.pyc", "lib/views.pyc"])
        await write(path);
      await symlink("/usr/bin/python3", join(tree, "venv/bin/python3"));
      expect(await listed()).toEqual([
        ".gitignore",
        ...["app/", "app/.gitignore", "app/audit.log", "app/views.py"],
        ...["lib/", "lib/views.pyc", "manage.py", "media/", "media/keep.png"],
      ]);
    });

    it("follows the .gitignore of the folders around it, which belong to the same copy", async () => {
      await write("../.gitignore", "/tree/local.py\n*.log\n", 0o644);
      await write("web/.gitignore", "venv/\n");
      for (const path of ["local.py", "app/run.log", "app/local.py", "web/site/venv/x"])
        await write(path);
      await write("web/site/manage.py");
      await write("web/site/run.log");
      expect(await listed()).toEqual(
        expect.arrayContaining(["app/", "app/local.py", "app/views.py", "manage.py"]),
      );
      expect(await listed()).not.toContain("local.py");
      expect(await listed()).not.toContain("app/run.log");
      expect(await listed(join(tree, "web/site"))).toEqual(["manage.py"]);
    });

    it("follows its own .gitignore where a folder around it leaves it out altogether", async () => {
      await write("../.gitignore", "tree/\n");
      await write(".gitignore", "*.log\n");
      await write("run.log");
      expect(await listed()).toEqual([".gitignore", "app/", "app/views.py", "manage.py"]);
    });

    it("has the digest of the checkout that it was copied from", async () => {
      await write(".gitignore", "*.log\n");
      await write("run.log");
      const copy = join(place, "copy");
      await cp(tree, copy, { recursive: true });
      git("init", "--quiet");
      git("add", ".");
      expect(await digestOf(copy)).toBe(await digestOf());
    });
  });

  describe("a file's mode", () => {
    async function modes(): Promise<Record<string, string>> {
      const { path } = await packSource(tree, archives);
      const list = execaSync("tar", ["--list", "--verbose", "--file", path]).stdout;
      return Object.fromEntries(
        list.split("\n").map((line) => [line.split(" ").at(-1) ?? "", line.slice(0, 10)]),
      );
    }

    it("never gives more rights than its owner gave", async () => {
      await write("settings.ini", "", 0o600);
      await write("run.sh", "", 0o750);
      await mkdir(join(tree, "closed"));
      await write("closed/open.txt");
      await chmod(join(tree, "closed"), 0o700);
      expect(await modes()).toMatchObject({
        "settings.ini": "-rw-------",
        "run.sh": "-rwx------",
        "closed/": "drwx------",
        "closed/open.txt": "-rw-r--r--",
        "app/views.py": "-rw-r--r--",
        "manage.py": "-rwxr-xr-x",
      });
    });

    it("is git's where a umask closed all of them, except for secrets", async () => {
      await chmod(join(tree, "manage.py"), 0o700);
      await write("app/views.py", "", 0o600);
      await write(".env", "", 0o600);
      expect(await modes()).toMatchObject({
        "app/views.py": "-rw-r--r--",
        "manage.py": "-rwxr-xr-x",
        ".env": "-rw-------",
      });
    });
  });

  it("packs everything elsewhere, empty folders too", async () => {
    await write("app/views.pyc");
    await mkdir(join(tree, "logs"));
    expect(await listed()).toEqual(["app/", "app/views.py", "app/views.pyc", "logs/", "manage.py"]);
  });

  it("names every link that leads out of the tree, and everything that isn't a file, at once", async () => {
    await mkdir(join(tree, "a/b"), { recursive: true });
    await mkdir(join(tree, "c"));
    await symlink("/etc/passwd", join(tree, "absolute"));
    await symlink("../tree/manage.py", join(tree, "outAndIn"));
    await symlink("../../c", join(tree, "a/b/inner"));
    // By its text alone it ends at the tree's root.
    await symlink("a/b/inner/../../x", join(tree, "detour"));
    await symlink("circle", join(tree, "circle"));
    execaSync("mkfifo", [join(tree, "pipe")]);
    const error: unknown = await packSource(tree, archives).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: "ProblemError" });
    const { message } = error as Error;
    for (const name of ["absolute", "outAndIn", "detour", "circle"])
      expect(message).toMatch(new RegExp(`^  ${name}\n.*a link to .* leads out`, "m"));
    expect(message).toMatch(/^ {2}pipe\n.*a socket, a pipe/m);
    expect(message).not.toContain("inner\n");
  });

  it("refuses a pointer in place of a file's content", async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 12\n`;
    await write("static/logo.png", pointer);
    await write("static/film.mp4", "/annex/objects/SHA256E-s1--0.mp4\n");
    await symlink("../.git/annex/objects/x/y/z", join(tree, "static/song.ogg"));
    await write("notes.md", `A pointer begins so:\n${pointer}`);
    const message = await packSource(tree, archives).catch((error: unknown) => String(error));
    expect(message).toMatch(/^ {2}static\/logo.png\n.*a placeholder.*\n.*fix: {5}git lfs pull$/m);
    expect(message).toMatch(/^ {2}static\/film.mp4\n.*a placeholder.*\n.*fix: {5}git annex get$/m);
    expect(message).toMatch(/^ {2}static\/song.ogg\n.*a placeholder/m);
    expect(message).not.toContain("notes.md");
  });

  it("refuses a submodule that is empty in a copy without .git", async () => {
    await write(
      ".gitmodules",
      '[submodule "lib"]\n\tpath = lib\n[submodule "gone"]\n\tpath = gone\n',
    );
    await mkdir(join(tree, "lib"));
    await expect(packSource(tree, archives)).rejects.toThrow(
      /can't be deployed:\n\n {2}lib\n.*a submodule without its files/,
    );
    await write("lib/code.py");
    expect(await listed()).toContain("lib/code.py");
  });

  it("refuses a name that isn't UTF-8, instead of leaving the file out", async () => {
    const name = Buffer.concat([Buffer.from(join(tree, "caf")), Buffer.from([0xe9])]);
    await writeFile(name, "");
    await expect(packSource(tree, archives)).rejects.toThrow(/isn't UTF-8/);
  });

  it("refuses a folder that doesn't exist, or holds nothing", async () => {
    await expect(packSource(join(place, "none"), archives)).rejects.toThrow(
      /no such folder\n {4}fix: {5}set DjangoApp\.source\.archive to FOLDER/,
    );
    await rm(tree, { recursive: true });
    await mkdir(tree);
    await expect(packSource(tree, archives)).rejects.toThrow(
      /no file, or only files that git ignores/,
    );
  });

  it("keeps no archive where another user could exchange it", async () => {
    await mkdir(archives);
    await chmod(archives, 0o777);
    await expect(packSource(tree, archives)).rejects.toThrow(/mode 0700/);
  });

  it("deletes archives that nobody used for a month", async () => {
    const first = await packSource(tree, archives);
    await utimes(first.path, 1, 1);
    await write("new.py");
    const second = await packSource(tree, archives);
    expect(await readdir(archives)).toEqual([`${second.sha256}.tar`]);
  });

  it("packs a large file in little memory", async () => {
    const mebibyte = 2 ** 20;
    await write("large");
    await truncate(join(tree, "large"), 128 * mebibyte);
    const before = process.memoryUsage.rss();
    const { bytes } = await packSource(tree, archives);
    expect(bytes).toBeGreaterThan(128 * mebibyte);
    expect(process.memoryUsage.rss() - before).toBeLessThan(80 * mebibyte);
  }, 30_000);
});
