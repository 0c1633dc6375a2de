import { afterEach, describe, expect, it } from "vitest";
import { python36 } from "../../dev/toolchain/python36";
import { DeployRoot } from "./deployRoot";
import type { EnterpriseLinux } from "./privateRoot";

let made: DeployRoot | undefined;
afterEach(() => {
  made?.remove();
  made = undefined;
});

/**
 * A site on that release, its Python a real 3.6 (from 3.7 on it takes C for UTF-8) that finds the locales which the host has, whatever this
 * machine has.
 */
async function siteOn(el: EnterpriseLinux): Promise<DeployRoot> {
  const python = python36();
  const site = (made = await DeployRoot.create({ el }));
  site.addRelease("first");
  const known = el < 8 ? "en_US.UTF-8" : "C.UTF-8";
  site.replaceInterpreter(
    `#!/bin/sh\n[ "$LANG" = ${known} ] && LANG=C.UTF-8 || LANG=C\nexport LANG\nunset LC_ALL\nexec ${python} "$@"\n`,
  );
  return site;
}

const service = { environment: { LANG: "@@LOCALE@@" } };

describe("the locale of what runs as a user", () => {
  it.each([
    [7, "en_US.UTF-8"],
    [9, "C.UTF-8"],
  ] as const)("is one that Enterprise Linux %i has", async (el, locale) => {
    const site = await siteOn(el);
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

  it("is reported as missing, in the preview and by the deployment", async () => {
    const site = await siteOn(7);
    site.host.write("/no-utf8", "");
    const told =
      /this host has neither the locale C\.UTF-8 nor en_US\.UTF-8.*file names that are not ASCII.*localedef/;
    const { stdout } = await site.host.run([
      "survey",
      "application=/microarray/tracks,/home/daemon/venv,/s,127.0.0.1:1,127.0.0.1:2,/usr/bin/python3",
    ]);
    expect(stdout).toContain("\nconflict\tlocale\n");
    site.replaceInterpreter(`#!/bin/sh\nexec python3 "$@"\n`);
    const run = await site.host.apply(site.deployment("first", service));
    expect(run.stdout).toMatch(new RegExp(`^note: ${told.source}`, "m"));
  });
});
