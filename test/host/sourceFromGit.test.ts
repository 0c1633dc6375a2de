import { chmodSync, readdirSync } from "node:fs";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openFiles, secretNames } from "../secretNames";
import { manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

const git = (directory: string, ...words: string[]): string =>
  execaSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...words], {
    cwd: host.at(directory),
  }).stdout;

/** An interpreter that has a virtualenv by now. */
const python = "/usr/bin/python3.0";

/** Commits what is in the repository, and has the host fetch it. */
async function fetched(files: Readonly<Record<string, string>>, ...more: string[]) {
  const all = {
    "manage.py": "",
    "requirements.txt": "",
    "wsgi.py": 'DJANGO_SETTINGS_MODULE = "settings"\n',
    ...files,
  };
  for (const [path, content] of Object.entries(all)) host.write(`/repository.git/${path}`, content);
  host.write("/microarray/releases/tracks/.keep", "");
  git("/repository.git", "init", "-q", "-b", "main");
  git("/repository.git", "add", ".");
  if (more.length > 0) git("/repository.git", ...more);
  git("/repository.git", "commit", "-q", "-m", "First");
  const commit = git("/repository.git", "rev-parse", "HEAD");
  const release = `/microarray/releases/tracks/${commit.slice(0, 12)}`;
  const run = await host.apply(
    manifest(
      "source",
      "source",
      `release ${release} owner=root wsgi=wsgi.py requirements=requirements.txt git=${host.at("/repository.git")} commit=${commit}`,
      ...(host.exists(python) ? [`virtualenv /root/venvs python=${python}`] : []),
    ),
  );
  return { run, release };
}

it("keeps the mirror of the repository, which has its whole history, from other users", async () => {
  const { run, release } = await fetched({});
  // The manifest names no virtualenv, which comes next.
  expect(run.reason).toMatch(/can't build the virtualenv/);
  expect(host.ownership(release)).toBe("root root 755");
  const mirror = readdirSync(host.at("/microarray/releases/tracks")).find((name) =>
    name.startsWith(".mirror-"),
  );
  expect(host.ownership(`/microarray/releases/tracks/${mirror}`)).toBe("root root 700");
});

it("deploys the whole commit, with files that its authors leave out of archives", async () => {
  const { release } = await fetched({
    ".gitattributes": "fixtures export-ignore\nlogo.svg export-ignore\n",
    "fixtures/beans.json": "[]",
    "logo.svg": "<svg/>",
  });
  expect(host.read(`${release}/fixtures/beans.json`)).toBe("[]");
  expect(host.read(`${release}/logo.svg`)).toBe("<svg/>");
});

it("says everything that is wrong with a source, a line each", async () => {
  const { run } = await fetched({ "wsgi.py": "", "settings.pointer": "/annex/objects/a.mp4\n" });
  expect(run.stderr).toMatch(
    /^wsgi\.py sets no DJANGO_SETTINGS_MODULE\nthe source can't be deployed: pointer files, .*: \.\/settings\.pointer\. Commit /m,
  );
});

it("refuses pointer files, and says what to do", async () => {
  const { run, release } = await fetched({
    "static/logo.png": `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 12\n`,
    "static/film.mp4": "/annex/objects/SHA256E-s1--0.mp4\n",
    "static/plain.txt": "version 1\n",
  });
  expect(run.reason).toMatch(/can't be deployed: pointer files, whose content is elsewhere/);
  expect(run.reason).toContain("./static/logo.png");
  expect(run.reason).toContain("./static/film.mp4");
  expect(run.reason).not.toContain("plain.txt");
  expect(run.reason).toContain("after git lfs pull (DjangoApp.source.archive)");
  expect(host.exists(release)).toBe(false);
});

it("lets only the owner read what looks like a secret, and names it", async () => {
  host.write(python, "#!/bin/sh\ncat >/dev/null\necho present 0123456789ab\n");
  chmodSync(host.at(python), 0o755);
  const { run, release } = await fetched({
    ...Object.fromEntries(secretNames.map((path) => [path, "x"])),
    ...openFiles,
  });
  const modes = (paths: readonly string[]) =>
    paths.map((path) => `${path} ${host.ownership(`${release}/${path}`)}`);
  expect(modes(secretNames)).toEqual(secretNames.map((path) => `${path} root root 600`));
  const open = Object.keys(openFiles);
  expect(modes(open)).toEqual(open.map((path) => `${path} root root 644`));
  const [, named = ""] =
    /looks like a secret, and root alone can read it: (.*); unless/.exec(run.stdout) ?? [];
  expect(named.split(" ").sort()).toEqual([...secretNames].sort());
});

it("refuses a commit with submodules, whose files are not in it", async () => {
  const link = "160000,0123456789012345678901234567890123456789,lib/beans";
  const { run, release } = await fetched({}, "update-index", "--add", "--cacheinfo", link);
  expect(run.reason).toMatch(/the commit has submodules, .*: lib\/beans \(commit their files, or/);
  expect(host.exists(release)).toBe(false);
});

// Seen in the virtual machine, whose power was cut: the release stood there, and its files were empty.
it("has a release on the disk before it counts as complete", async () => {
  host.write(
    "/at-sync",
    [
      "cd $TRACKS_ROOT/microarray/releases/tracks",
      "echo $(find . -not -path './.mirror*' -name wsgi.py -size +0 -o -name .tracks-release) >>$TRACKS_ROOT/seen",
      "",
    ].join("\n"),
  );
  const { release } = await fetched({});
  const name = release.split("/").at(-1);
  expect(host.read("/seen").split("\n")[0]).toBe(`./.new-${name}/wsgi.py`);
  expect(host.exists(`${release}/.tracks-release`)).toBe(true);
});
