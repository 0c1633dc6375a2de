import type { ManifestEntry } from "./manifest";

/**
 * Changes a file before it goes to the host, for what no argument offers.
 *
 * @returns the file's whole new content
 * @example ({ path, content }) =>
 *   path === "/etc/nginx/nginx.conf" ? content.replace("worker_connections", "# more\n    worker_connections") : content
 */
export type FileTransform = (file: { readonly path: string; readonly content: string }) => string;

/** The entries with every file among them changed. */
export function transformFiles<E extends ManifestEntry>(
  entries: readonly E[],
  transform: FileTransform | undefined,
): E[] {
  if (transform === undefined) return [...entries];
  return entries.map((entry) =>
    entry.kind === "file" ? { ...entry, content: transform(entry) } : entry,
  );
}
