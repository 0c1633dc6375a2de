import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dataMigrationArguments } from "../../../components/args/DataMigration";
import { djangoAppArguments } from "../../../components/args/DjangoApp";
import { linuxUserArguments } from "../../../components/args/LinuxUser";
import { logrotateArguments } from "../../../components/args/Logrotate";
import { nginxArguments } from "../../../components/args/Nginx";
import { nginxSiteArguments } from "../../../components/args/NginxSite";
import { postgresDatabaseArguments } from "../../../components/args/PostgresDatabase";
import { robotsTxtArguments } from "../../../components/args/RobotsTxt";
import { systemPackagesArguments } from "../../../components/args/SystemPackages";
import { uwsgiArguments } from "../../../components/args/Uwsgi";
import type { Key } from "../../../settings/key";
import { referenceMarkers, renderReference, withReference } from "../../../settings/reference";
import { keyNames, keys } from "../../../settings/schema";

/** What each component takes by itself. */
const tables: Record<string, object> = {
  DataMigration: dataMigrationArguments,
  DjangoApp: djangoAppArguments,
  LinuxUser: linuxUserArguments,
  Logrotate: logrotateArguments,
  Nginx: nginxArguments,
  NginxSite: nginxSiteArguments,
  PostgresDatabase: postgresDatabaseArguments,
  RobotsTxt: robotsTxtArguments,
  SystemPackages: systemPackagesArguments,
  Uwsgi: uwsgiArguments,
};

describe("the configuration reference", () => {
  const reference = renderReference();

  it("has every setting once", () => {
    const named = [...reference.matchAll(/^\| `tracks:(\w+)` +\|/gm)].map(([, name]) => name);
    expect(named.sort()).toEqual([...keyNames].sort());
  });

  it("says what a setting becomes where the argument takes another value", () => {
    const silent = keyNames.filter((name) => {
      const { component, argument = "", value, becomes }: Key<unknown> = keys[name];
      const table = tables[component] as Record<string, { value: unknown } | undefined> | undefined;
      const taken = table?.[argument]?.value ?? value;
      return taken !== value && becomes === undefined;
    });
    expect(silent).toEqual([]);
    expect(reference).toMatch(/`tracks:appPackage`.* \| `DjangoApp\.wsgi`: the file `wsgi\.py`/);
  });

  it("is written between its markers, and leaves the rest alone", () => {
    const text = `# A\n\n${referenceMarkers.start}\n\nold\n\n${referenceMarkers.end}\n\n## B\n`;
    const updated = withReference(text);
    expect(updated).toBe(
      `# A\n\n${referenceMarkers.start}\n\n${reference}\n\n${referenceMarkers.end}\n\n## B\n`,
    );
    expect(withReference(updated)).toBe(updated);
  });

  it("says so when docs/configuration.md has no place for it", () => {
    expect(() => withReference("# A\n")).toThrow("add them again");
  });

  const file = join(__dirname, "../../../docs/configuration.md");
  it("is up to date in docs/configuration.md: else run `npm run reference`", () => {
    const page = readFileSync(file, "utf8");
    expect(withReference(page)).toBe(page);
  });
});
