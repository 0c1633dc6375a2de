import { createHash } from "node:crypto";
import { utils } from "ssh2";

/** Types of host key that a stack can pin; every current sshd refuses DSA. */
export const publicKeyTypes = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
] as const;

export type PublicKeyType = (typeof publicKeyTypes)[number];

/** A public key, as in a line of authorized_keys. */
export interface PublicKey {
  readonly type: PublicKeyType;
  /** Type and base64 text, without the comment, which does not change the key. */
  readonly line: string;
  /** `SHA256:...`, as `ssh-keygen -lf` prints it. */
  readonly fingerprint: string;
}

/** Fingerprint of a key in its wire format, as `ssh-keygen -lf` prints it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** Reads a key in its wire format; undefined when a stack can't pin its type. */
export function publicKeyOf(blob: Buffer): PublicKey | undefined {
  const type = publicKeyTypes.find((known) => known === embeddedType(blob));
  if (type === undefined) return undefined;
  return { type, line: `${type} ${blob.toString("base64")}`, fingerprint: fingerprint(blob) };
}

/**
 * Reads `TYPE BASE64 [COMMENT]`. Returns undefined for all else: another type, more than
 * one line, damaged base64 text, or a type that differs from the one inside the key.
 */
export function parsePublicKey(text: string): PublicKey | undefined {
  const [, type, base64] = /^(\S+) +([A-Za-z0-9+/]+=*)(?: [^\n\r]*)?$/.exec(text.trim()) ?? [];
  if (type === undefined || base64 === undefined) return undefined;
  const blob = Buffer.from(base64, "base64");
  const key = publicKeyOf(blob);
  if (key?.type !== type || blob.toString("base64") !== base64) return undefined;
  return utils.parseKey(key.line) instanceof Error ? undefined : key;
}

function embeddedType(blob: Buffer): string | undefined {
  if (blob.length < 4) return undefined;
  const length = blob.readUInt32BE(0);
  return blob.length < 4 + length ? undefined : blob.toString("latin1", 4, 4 + length);
}
