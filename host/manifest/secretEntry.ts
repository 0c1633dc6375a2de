import type { ManifestEntry } from "./manifest";
import { secretAttribute } from "./text";

/**
 * Kinds of entries whose content is always a secret; the host script masks the same kinds in what it
 * remembers (`masked_manifest` in `script/manifest.sh`).
 */
export const secretKinds = ["password", "postgresql-role", "deploy-key"] as const;

/** Whether the entry has content that no diff may show. */
export function isSecretEntry(entry: ManifestEntry): boolean {
  return isSecretKind(entry.kind) || (entry.kind === "file" && entry.secret === true);
}

/** Whether the content below this line of a rendered manifest is a secret. */
export function isSecretLine(line: string): boolean {
  const [kind = "", ...words] = line.split(" ");
  return isSecretKind(kind) || words.includes(secretAttribute);
}

function isSecretKind(kind: string): boolean {
  return (secretKinds as readonly string[]).includes(kind);
}
