import { join, resolve } from "node:path";

/** Folder of this checkout's lab hosts: `TRACKS_LAB_DIR`, else `.lab`, which git ignores. */
export function labFolder(): string {
  return resolve(process.env["TRACKS_LAB_DIR"] ?? join(__dirname, "../../.lab"));
}
