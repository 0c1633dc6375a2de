import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

const git = (directory: string, ...words: string[]): string =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...words], {
    cwd: host.at(directory),
    encoding: "utf8",
  }).trim();

it("keeps the mirror of the repository, which has its whole history, from other users", async () => {
  host.write("/repository.git/manage.py", "");
  host.write("/repository.git/requirements.txt", "");
  host.write("/repository.git/wsgi.py", 'DJANGO_SETTINGS_MODULE = "settings"\n');
  host.write("/microarray/releases/tracks/.keep", "");
  git("/repository.git", "init", "-q", "-b", "main");
  git("/repository.git", "add", ".");
  git("/repository.git", "commit", "-q", "-m", "First");
  const commit = git("/repository.git", "rev-parse", "HEAD");
  const release = `/microarray/releases/tracks/${commit.slice(0, 12)}`;

  const run = await host.apply(
    manifest(
      "source",
      "source",
      `release ${release} owner=root wsgi=wsgi.py requirements=requirements.txt git=${host.at("/repository.git")} commit=${commit}`,
    ),
  );
  // The manifest names no virtualenv, which comes next.
  expect(run.reason).toMatch(/can't build the virtualenv/);
  expect(host.ownership(release)).toBe("root root 755");
  const mirror = readdirSync(host.at("/microarray/releases/tracks")).find((name) =>
    name.startsWith(".mirror-"),
  );
  expect(host.ownership(`/microarray/releases/tracks/${mirror}`)).toBe("root root 700");
});
