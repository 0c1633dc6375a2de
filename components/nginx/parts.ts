import { type ManifestEntry, renderLine } from "../../host/manifest/manifest";
import { problemError } from "../../host/ProblemError";

/** What one component adds to nginx's manifest. */
export interface Part {
  /** The component as errors name it, such as `NginxSite "docs"`. */
  readonly of: string;
  readonly entries: readonly ManifestEntry[];
  /** Port whose default server it is. @default none */
  readonly defaultOf?: number | undefined;
}

/**
 * The entries of all parts, each once, since sites may share a directory.
 *
 * @throws {@link ProblemError} for two default servers of one port, and for two entries of one path that differ
 */
export function joined(parts: readonly Part[]): ManifestEntry[] {
  refuseDefaultServers(parts);
  const first = new Map<string, { of: string; text: string }>();
  return parts.flatMap(({ of, entries }) =>
    entries.filter((entry) => {
      const text = renderLine(entry);
      const key = "path" in entry ? entry.path : text;
      const other = first.get(key);
      if (other === undefined) first.set(key, { of, text });
      else if (other.text !== text) throw twoEntries(key, [other.of, of]);
      return other === undefined;
    }),
  );
}

/** nginx would start with none of them. */
function refuseDefaultServers(parts: readonly Part[]): void {
  const first = new Map<number, string>();
  for (const { of, defaultOf } of parts) {
    if (defaultOf === undefined) continue;
    const other = first.get(defaultOf);
    if (other !== undefined) {
      throw problemError({
        subject: `Port ${defaultOf} has two default servers`,
        given: `${other} and ${of}: \`defaultServer\` is true where it is left out`,
        allowed: "one default server for each port",
        fix: [`set \`defaultServer: false\` for all sites of the port but one`],
      });
    }
    first.set(defaultOf, of);
  }
}

function twoEntries(path: string, [one, other]: readonly [string, string]): Error {
  return problemError({
    subject: `nginx's manifest has ${path} twice, and not the same`,
    given: one === other ? `${one}, which needs it for two things` : `${one} and ${other}`,
    allowed: "one use of each path, or the same use of a directory",
    fix: ["give one of them another `siteRoot`, `staticRoot`, `mediaRoot`, `site` or location"],
  });
}
