import { randomBytes } from "node:crypto";
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

/** Makes a key pair as `file` (0600) and `file`.pub. */
export async function makeKey(
  type: "ed25519" | "rsa",
  file: string,
  comment: string,
): Promise<void> {
  // 2048 bits make an RSA key in 50 ms, where sshd's usual 3072 take up to a second.
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

/** A password of 24 letters, digits, - and _: nothing that a shell or a quote could trip over. */
export function makePassword(): string {
  return randomBytes(18).toString("base64url");
}

/** Where a host's seed keeps its keys for sshd. */
export const hostKeyFile = (etcSsh: string, type: "ed25519" | "rsa"): string =>
  join(etcSsh, `ssh_host_${type}_key`);
