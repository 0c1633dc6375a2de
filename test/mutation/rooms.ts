import { readdirSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "..", "..");

/** Rooms that are mutated, each with the folders of tests that have to notice it. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  // The settings use its kinds of values.
  "host/manifest": [
    "test/unit/host/manifest",
    "test/unit/settings",
    "test/unit/templates",
    "test/unit/components",
  ],
  settings: ["test/unit/settings"],
  components: ["test/unit/components", "test/unit/templates"],
};

/** They replace modules, or compile whole programs: they take longer than all the others, and notice little more. */
const leftOut = ["test/unit/settings/everySetting.test.ts", "test/unit/components/library.test.ts"];

/** What a run remembers of the last one. */
export const reportOf = (room: string): string =>
  `reports/mutation/${room.replaceAll("/", "-")}.json`;

/** Test files of this run. The command line names its room in the environment, since Stryker starts them. */
export function testsOfRun(): string[] {
  const { TRACKS_MUTATION_ROOM: room = "" } = process.env;
  return (rooms[room] ?? []).flatMap(testsBelow).filter((file) => !leftOut.includes(file));
}

/** Sorted paths from the repository's top folder. */
function testsBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join(folder, file))
    .sort();
}
