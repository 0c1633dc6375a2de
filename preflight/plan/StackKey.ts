import { createHmac, scryptSync } from "node:crypto";

/** Characters of the shortest secret that nobody can find by trying. */
const strongLength = 32;

/**
 * Key of one stack, by which its plan names a secret without showing it.
 *
 * Whoever reads a plan could try likely passwords against a hash of one. So the key comes from a secret that
 * nobody can guess: the login's private key, Django's secret key, a long password. A stack without one has no key.
 */
export class StackKey {
  private constructor(private readonly key: Buffer) {}

  /**
   * @param scope project and stack: the same secret has another name in another stack
   * @param secrets every setting of the stack that is a secret by itself
   * @returns undefined where none of them is strong enough
   */
  static of(scope: string, secrets: readonly string[]): StackKey | undefined {
    const strong = [...new Set(secrets)].filter((secret) => secret.length >= strongLength).sort();
    if (strong.length === 0) return undefined;
    const salt = `tracks-plan ${scope}`;
    return new StackKey(scryptSync(JSON.stringify(strong), salt, 32));
  }

  /**
   * @param where the text is: the same secret has another name elsewhere
   * @returns 32 hexadecimal digits
   */
  nameOf(where: string, text: string): string {
    const digest = createHmac("sha256", this.key).update(JSON.stringify([where, text]));
    return digest.digest("hex").slice(0, 32);
  }
}
