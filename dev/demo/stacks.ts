import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Passphrase } from "../toolchain/embeddedStack";
import { rehearsalSettings } from "./rehearsal";

/** Stack of the demo; each is on its own lab host, of the same name. */
export interface DemoStack {
  readonly name: string;
  readonly about: string;
  /** Creates what the stack needs on this machine, and returns its passphrase. */
  prepare(): Promise<Passphrase>;
  /** Removes what {@link DemoStack.prepare} created. */
  remove(): Promise<void>;
}

/** Passphrase of Pulumi.dev.yaml: documented and not secret, since it encrypts only generated secrets of lab hosts. */
export const devPassphrase = "tracks-dev";

/** Pulumi.dev.yaml, as it is committed. */
export const dev: DemoStack = {
  name: "dev",
  about: "sqlite, no PRODUCTION in the environment",
  prepare: () => Promise.resolve({ passphrase: devPassphrase }),
  remove: () => Promise.resolve(),
};

/**
 * Production's settings on a lab host: its stack file and passphrase are generated, and ignored by git.
 *
 * @param root folder of the checkout, which has the stack files
 * @param labDirectory folder that nobody else can read
 */
export function rehearsal(root: string, labDirectory: string): DemoStack {
  const file = join(root, "Pulumi.rehearsal.yaml");
  const passphrase = join(labDirectory, "rehearsal.passphrase");
  return {
    name: "rehearsal",
    about: "production's settings: PostgreSQL, PRODUCTION=1",
    async prepare() {
      if (!existsSync(passphrase)) {
        await writeFile(passphrase, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
      }
      const settings = rehearsalSettings(
        await readFile(join(root, "Pulumi.production.yaml"), "utf8"),
      );
      // Keeps the salt that the CLI wrote: without it the stack's secrets are lost.
      const salt = existsSync(file)
        ? /^encryptionsalt: .*$/m.exec(await readFile(file, "utf8"))
        : null;
      await writeFile(file, salt === null ? settings : `${settings}${salt[0]}\n`);
      return { passphraseFile: passphrase };
    },
    async remove() {
      await rm(file, { force: true });
      await rm(passphrase, { force: true });
    },
  };
}
