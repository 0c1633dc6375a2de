import { join } from "node:path";
import { labFolder } from "../toolchain/labFolder";

export { cacheFolder } from "../toolchain/cacheFolder";
export { labFolder };

/** Folder of one host: its record, keys, overlay and console. */
export function hostFolder(name: string): string {
  return join(labFolder(), "hosts", name);
}
