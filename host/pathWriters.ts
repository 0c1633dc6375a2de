import type { ManifestEntry } from "./manifest/manifest";
import { problemError } from "./ProblemError";

/**
 * Which component writes each file and link of one host.
 *
 * On the host a resource takes over what another of its stack has written, since that may be itself under a
 * former name. Two in one program would take it from each other without a word.
 */
export class PathWriters {
  private readonly writers = new Map<string, string>();

  /**
   * Notes the files and links of one resource.
   *
   * @param host name of the host in the program
   * @param writer the resource's component, such as `Nginx "nginx"`
   * @throws {@link ProblemError} for a path that another resource writes
   */
  add(host: string, writer: string, entries: readonly ManifestEntry[]): void {
    const paths = entries.flatMap((entry) =>
      entry.kind === "file" || entry.kind === "symlink" ? [entry.path] : [],
    );
    for (const path of paths) {
      const other = this.writers.get(path);
      if (other === undefined) continue;
      throw problemError({
        subject: `Two components write ${path} on the Host "${host}"`,
        given: `${other} and ${writer}`,
        allowed: "one component for each file",
        fix: [
          "give one of them other names and paths, where it has arguments for them",
          "or give one of them what both have, such as a repository of two SystemPackages",
          "or keep one of them: one Nginx serves all sites of its host, and a host has one Uwsgi",
        ],
      });
    }
    for (const path of paths) this.writers.set(path, writer);
  }
}
