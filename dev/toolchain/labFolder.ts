import { join, resolve } from "node:path";

/** What belongs to this checkout's lab hosts: `.lab`, which git ignores, unless `TRACKS_LAB_DIR` says otherwise. */
export function labFolder(): string {
  return resolve(process.env["TRACKS_LAB_DIR"] ?? join(__dirname, "../../.lab"));
}
