import type { ManifestEntry } from "./manifest";
import { secretAttribute } from "./text";

/**
 * Kinds of entries whose content is a secret, whatever their attributes say; the host script masks
 * the same ones in what it remembers (`masked_manifest` in `script/manifest.sh`).
 */
export const secretKinds = ["password", "postgresql-role", "deploy-key"] as const;

/** Does the entry carry what no diff may show? */
export function isSecretEntry(entry: ManifestEntry): boolean {
  return isSecretKind(entry.kind) || (entry.kind === "file" && entry.secret === true);
}

/** Is the content below this line of a rendered manifest a secret? */
export function isSecretLine(line: string): boolean {
  const [kind = "", ...words] = line.split(" ");
  return isSecretKind(kind) || words.includes(secretAttribute);
}

function isSecretKind(kind: string): boolean {
  return (secretKinds as readonly string[]).includes(kind);
}
