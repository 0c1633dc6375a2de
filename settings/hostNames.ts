/** Names of a site in the formats of Django and of the deployment's own requests. */

/** Names in Django's spelling: its wildcard `.example.org` also matches that name itself. */
export function djangoHosts(names: readonly string[]): string[] {
  return names.map((name) => name.replace(/^\*\./, "."));
}

/**
 * The Host header of the request that proves a release: the first of the site's names for which nginx
 * serves this site, and which Django allows. For a wildcard it is a name that matches it.
 *
 * @param allowed as {@link djangoHosts} writes them
 * @returns undefined where no name does both
 */
export function proofHost(
  serverNames: readonly string[],
  allowed: readonly string[],
): string | undefined {
  return [
    ...serverNames.filter((name) => !name.startsWith("*.")),
    ...serverNames
      .filter((name) => name.startsWith("*."))
      .map((name) => name.replace(/^\*/, "www")),
  ].find((name) => isHostName(name) && allowed.some((pattern) => allows(pattern, name)));
}

/** Django answers 400 to a Host with an underscore. */
function isHostName(name: string): boolean {
  return !name.includes("_");
}

function allows(pattern: string, name: string): boolean {
  const [wanted, given] = [pattern.toLowerCase(), name.toLowerCase()];
  return wanted.startsWith(".")
    ? given === wanted.slice(1) || given.endsWith(wanted)
    : given === wanted;
}
