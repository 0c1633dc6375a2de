import { execa } from "execa";
import { expect, it } from "vitest";
import {
  refuseData,
  refuseTarget,
  restoreCommand,
  variablesOfTarget,
} from "../../../../../commands/ops/copyData/command";
import type { Site } from "../../../../../commands/ops/site";
import { check } from "../../../settings/configuration";

const sourceUrl = "https://git.example.org/tracks.git";

function site(stack: string, settings: Record<string, string> = { sourceUrl }): Site {
  const { configuration } = check(settings);
  const { connection } = configuration;
  return { project: "tracks", stack, scope: `tracks.${stack}`, configuration, connection };
}

const production = site("production");
const dev = site("dev", { sourceUrl, production: "false" });
const facts = { file: null };
const place = {
  path: "/microarray/shared/tracks/db.sqlite3",
  file: "x 1 2",
  lacking: [],
  pending: [],
};

it("takes a development site, and no production site", () => {
  expect(() => {
    refuseTarget(production, dev);
  }).not.toThrow();
  expect(() => {
    refuseTarget(dev, production);
  }).toThrow(
    "The data of the stack production are never replaced\n  found:   tracks:production is true for it\n",
  );
});

it("takes two stacks that have an application", () => {
  expect(() => {
    refuseTarget(dev, dev);
  }).toThrow("The data of the stack dev can't be a copy of themselves");
  const page = site("page", {});
  expect(() => {
    refuseTarget(page, dev);
  }).toThrow("The stack page has no application");
});

it("names the migrations that the other release lacks", () => {
  const lacking = ["roasted.0002_species", "roasted.0003_owls"];
  expect(() => {
    refuseData(production, dev, facts, { ...place, lacking });
  }).toThrow(
    [
      "The release of the stack dev lacks migrations that the data of production were written with",
      "  found:   roasted.0002_species",
      "           roasted.0003_owls",
      "  fix:     pulumi up --stack dev   (with the release that has them)",
    ].join("\n"),
  );
});

it.each([
  [["roasted.0002_species"], "  found:   roasted.0002_species\n"],
  [null, "  found:   no database at /microarray/shared/tracks/db.sqlite3\n"],
])("wants the tables of the other release, not %j", (pending, found) => {
  expect(() => {
    refuseData(production, dev, facts, { ...place, pending });
  }).toThrow(
    `The database of the stack dev has not all tables of its release\n${found}  fix:     npm run ops -- manage --stack dev migrate\n`,
  );
});

it("refuses two stacks that have one sqlite file", () => {
  expect(() => {
    refuseData(production, dev, { file: "x 1 2" }, place);
  }).toThrow("The stacks production and dev have the same database");
  expect(() => {
    refuseData(production, dev, { file: "x 1 3" }, place);
  }).not.toThrow();
});

it("tells how the backup is restored", () => {
  const place = ["/b/x.sqlite3", "/s/db.sqlite3"] as const;
  const command = restoreCommand(dev, ...place, []);
  expect(command).toBe(
    [
      "npm run ops -- stop --stack dev uwsgi --yes",
      "npm run ops -- ssh --stack dev --deployer sh -c 'rm -f /s/db.sqlite3-journal /s/db.sqlite3-wal /s/db.sqlite3-shm && cp /b/x.sqlite3 /s/db.sqlite3'",
      "npm run ops -- start --stack dev uwsgi",
    ].join(" && "),
  );
  expect(restoreCommand(dev, ...place, ["PULUMI_CONFIG_PASSPHRASE"])).toBe(
    `(export PULUMI_CONFIG_PASSPHRASE="$TO_PULUMI_CONFIG_PASSPHRASE"; ${command})`,
  );
});

it("tells it so that a shell reads the paths as they are", async () => {
  const database = "/s/it's $(id) !/db.sqlite3";
  const command = restoreCommand(dev, "/b/x y.sqlite3", database, []);
  const npm = `npm() { [ "$4" != ssh ] || { shift 7; rm() { :; }; cp() { printf '%s\\n' "$@"; }; eval "$3"; }; }`;
  const { stdout } = await execa("bash", ["-c", `${npm}\n${command}`]);
  expect(stdout).toBe(`/b/x y.sqlite3\n${database}`);
});

it("hands variables of Pulumi on to the other stack", () => {
  const environment = {
    PULUMI_CONFIG_PASSPHRASE: "one",
    TO_PULUMI_CONFIG_PASSPHRASE: "other",
    TO_PULUMI_BACKEND_URL: "file:///x",
    TO_BE: "or not",
  };
  expect(variablesOfTarget(environment)).toEqual({
    PULUMI_CONFIG_PASSPHRASE: "other",
    PULUMI_BACKEND_URL: "file:///x",
  });
});
