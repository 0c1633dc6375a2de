/** One way in which a host differs from what a resource applied. */
export interface Difference {
  /**
   * What differs: a path, or a thing after its kind, such as `service nginx` or `package git or git-core`. Never how
   * it differs, and never a secret. Undefined for the resource itself.
   */
  readonly name: string | undefined;
  /** How it differs, such as `content differs`. May have the host's own words. */
  readonly reason: string;
}

/** The difference for a person, such as `/etc/nginx/nginx.conf: content differs`. */
export function differenceText({ name, reason }: Difference): string {
  return name === undefined ? reason : `${name}: ${reason}`;
}

/** Several of them, from a line of its own on each. */
export function differencesText(differences: readonly Difference[]): string {
  return differences.map(differenceText).join("\n");
}
