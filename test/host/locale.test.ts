import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { DeployRoot } from "./deployRoot";
import type { EnterpriseLinux } from "./privateRoot";

/** From 3.7 on Python takes C for UTF-8. */
const python36 = join(
  execFileSync("pyenv", ["root"], { encoding: "utf8" }).trim(),
  "versions/3.6.15/bin/python",
);

let site: DeployRoot;
afterEach(() => {
  site.remove();
});

/**
 * A site on that release, its Python a real 3.6 that finds the locales which the host has, whatever this
 * machine has.
 */
async function siteOn(el: EnterpriseLinux): Promise<void> {
  if (!existsSync(python36)) throw new Error(`there is no ${python36}: pyenv install 3.6.15`);
  site = await DeployRoot.create({ el });
  site.addRelease("first");
  const known = el < 8 ? "en_US.UTF-8" : "C.UTF-8";
  site.replaceInterpreter(
    `#!/bin/sh\n[ "$LANG" = ${known} ] && LANG=C.UTF-8 || LANG=C\nexport LANG\nunset LC_ALL\nexec ${python36} "$@"\n`,
  );
}

const service = { environment: { LANG: "@@LOCALE@@" } };

describe("the locale of what runs as a user", () => {
  it.each([
    [7, "en_US.UTF-8"],
    [9, "C.UTF-8"],
  ] as const)("is one that Enterprise Linux %i has", async (el, locale) => {
    await siteOn(el);
    const run = await site.host.apply(site.deployment("first"));
    expect(run).toMatchObject({ code: 0, stderr: "" });
    // Written by a command of the application, which Python 3.6 with ASCII can't.
    expect(site.host.exists("/microarray/releases/tracks/first/Größe.txt")).toBe(true);
    site.loads();
    await site.host.apply(site.deployment("first", service));
    await site.host.apply(site.service());
    expect(site.loads().map(({ environment }) => environment["LANG"])).toEqual([locale, locale]);
    expect(site.host.read("/etc/uwsgi/tracks.ini")).toContain(`env = LANG=${locale}\n`);
  });

  it("is told when there is none, in the preview and by the deployment", async () => {
    await siteOn(7);
    site.host.write("/no-utf8", "");
    const told =
      /this host has neither the locale C\.UTF-8 nor en_US\.UTF-8.*names of files with umlauts.*localedef/;
    const { stdout } = await site.host.run([
      "survey",
      "application=/microarray/tracks,/home/daemon/venv,/s,127.0.0.1:1,127.0.0.1:2,/usr/bin/python3",
    ]);
    expect(stdout).toMatch(new RegExp(`^conflict ${told.source}`, "m"));
    site.replaceInterpreter(`#!/bin/sh\nexec python3 "$@"\n`);
    const run = await site.host.apply(site.deployment("first", service));
    expect(run.stdout).toMatch(new RegExp(`^note: ${told.source}`, "m"));
  });
});
