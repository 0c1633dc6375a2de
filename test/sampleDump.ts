import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The old site's dump: where it is on this machine. */
export const sampleDumpFile = join(__dirname, "../dev/sample/tracks_redirect.json");

/** The old site's dump, as text. */
export const sampleDump = readFileSync(sampleDumpFile, "utf8");

/** A row as dumpdata writes it. */
export interface Row {
  model: string;
  pk?: number | string | null;
  fields: Record<string, unknown>;
}

/** Models of the dump that have another name in the sample application. */
export const renames = {
  "redirect.redirecthit": "roasted.redirecthit",
  "redirect.target": "roasted.target",
};

/** The models whose rows arrive, by their new names. */
export const loadedModels = [
  "roasted.redirecthit",
  "roasted.target",
  "auth.user",
  "auth.group",
  "admin.logentry",
];

export function sha256(text: string | Buffer): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A checksum a row by its name, whatever the spelling of numbers and times; without references to tables that are not loaded. */
export function checksums(
  rows: readonly Row[],
  names: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return Object.fromEntries(
    rows
      .map((row) => normalized(row, names))
      .map((row) => [`${row.model} ${String(row.pk)}`, sha256(JSON.stringify(row))]),
  );
}

/** What a database must hold that the dump was loaded into. */
export function expectedChecksums(): Record<string, string> {
  const rows = (JSON.parse(sampleDump) as Row[]).filter(({ model }) =>
    loadedModels.includes(model in renames ? renames[model as keyof typeof renames] : model),
  );
  return checksums(rows, renames);
}

/** What it would hold after what the notes did: the same rows, but with texts of users changed. */
export function checksumsBySed(): Record<string, string> {
  const bySed = sampleDump
    .replace(/redirect.redirecthit/g, "roasted.redirecthit")
    .replace(/redirect.target/g, "roasted.target");
  return checksums(
    (JSON.parse(bySed) as Row[]).filter(({ model }) => loadedModels.includes(model)),
  );
}

function normalized(row: Row, names: Readonly<Record<string, string>>): Row {
  const fields = Object.entries(row.fields)
    .filter(([name]) => !["permissions", "user_permissions", "content_type"].includes(name))
    .map(([name, value]): [string, unknown] => {
      if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)) {
        return [name, new Date(value).toISOString()];
      }
      return [name, ["target", "count"].includes(name) ? Number(value) : value];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    model: names[row.model] ?? row.model,
    pk: Number(row.pk),
    fields: Object.fromEntries(fields),
  };
}
