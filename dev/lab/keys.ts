import { randomBytes } from "node:crypto";
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

/** Generates a key pair as `file` (0600) and `file`.pub. */
export async function makeKey(
  type: "ed25519" | "rsa",
  file: string,
  comment: string,
): Promise<void> {
  // An RSA key of 2048 bits takes 50 ms, one of sshd's usual 3072 up to a second.
  const bits = type === "rsa" ? ["-b", "2048"] : [];
  const words = ["-q", "-t", type, ...bits, "-N", "", "-C", comment, "-f", file];
  await execa("ssh-keygen", words, { stdin: "ignore" });
  await chmod(file, 0o600);
}

/** @returns type and key, without the comment */
export async function readPublicKey(privateFile: string): Promise<string> {
  const [type = "", key = ""] = (await readFile(`${privateFile}.pub`, "utf8")).split(" ");
  return `${type} ${key}`;
}

/** Password of 24 letters, digits, - and _, which needs no quoting in a shell. */
export function makePassword(): string {
  return randomBytes(18).toString("base64url");
}

/** Path of a key of sshd in the seed of a host. */
export const hostKeyFile = (etcSsh: string, type: "ed25519" | "rsa"): string =>
  join(etcSsh, `ssh_host_${type}_key`);
