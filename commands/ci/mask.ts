import { literally } from "../../host/manifest/subtree";
import { redacted } from "../../host/secret";
import { secretTexts } from "../../host/secretTexts";
import { type ConfigurationSource, encryptedValues } from "../../settings/read";

/** Variables that hold a secret, by the end of their names. */
const secretVariable = /(?:PASSPHRASE|PASSWORD|TOKEN|SECRET|_KEY|GOOGLE_CREDENTIALS)$/;

/** The secrets that this process knows: those of the stack's settings, and those of its variables. */
export function knownSecrets(
  source: ConfigurationSource | undefined,
  environment: NodeJS.ProcessEnv,
): string[] {
  const variables = Object.entries(environment).filter(([name]) => secretVariable.test(name));
  const settings = source === undefined ? [] : encryptedValues(source);
  return [...variables.flatMap(([, value]) => value ?? []), ...settings];
}

/** Replaces the secrets of one run in every text of a value. */
export type Mask = <T>(value: T) => T;

/**
 * The mask of these secrets.
 *
 * Pulumi has masked its own by then. This is about a tool that repeats what it was given, such as a
 * database in an error.
 */
export function maskOf(secrets: readonly string[]): Mask {
  const texts = secretTexts(secrets);
  if (texts.length === 0) return (value) => value;
  // In one pass: what was put in a secret's place is not searched again.
  const any = new RegExp(texts.map(literally).join("|"), "g");
  const inText = (text: string): string => text.replace(any, redacted);
  const inValue = (part: unknown): unknown => {
    if (typeof part === "string") return inText(part);
    if (Array.isArray(part)) return part.map(inValue);
    if (part === null || typeof part !== "object") return part;
    return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, inValue(inner)]));
  };
  return <T>(value: T) => inValue(value) as T;
}
