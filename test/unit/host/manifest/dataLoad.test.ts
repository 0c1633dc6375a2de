import { describe, expect, it } from "vitest";
import { type DataLoadEntry, renderDataLoad } from "../../../../host/manifest/dataLoad";

const load: DataLoadEntry = {
  kind: "data-load",
  name: "old-site",
  release: "/srv/tracks",
  python: "/home/deployer/venv/bin/python",
  user: "deployer",
  production: true,
  dump: ".tracks/spool/dump.json",
  login: "admin",
  digest: "abc",
  backups: "/srv/backups",
  renames: {},
  skipModels: [],
};
const least =
  "data-load old-site release=/srv/tracks python=/home/deployer/venv/bin/python user=deployer production=yes dump=.tracks/spool/dump.json login=admin digest=abc backups=/srv/backups";

describe("the entry of a data migration", () => {
  it.each<[string, Partial<DataLoadEntry>, string[]]>([
    ["has one line where nothing is renamed or skipped", {}, [least]],
    [
      "tells development from production",
      { production: false },
      [least.replace("production=yes", "production=no")],
    ],
    [
      "has what is optional at the end",
      { confirm: "def", client: "/usr/pgsql-15/bin", settings: "tracks.settings" },
      [`${least} confirm=def client=/usr/pgsql-15/bin settings=tracks.settings`],
    ],
    [
      "has a line for each renamed and each skipped model",
      {
        renames: { "redirect.target": "roasted.target", "redirect.hit": "roasted.hit" },
        skipModels: ["sessions.session"],
      },
      [
        least,
        "| rename redirect.target roasted.target",
        "| rename redirect.hit roasted.hit",
        "| skip sessions.session",
      ],
    ],
  ])("%s", (_, change, lines) => {
    expect(renderDataLoad({ ...load, ...change })).toEqual(lines);
  });
});
