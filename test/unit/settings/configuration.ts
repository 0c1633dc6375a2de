import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { type CheckedConfiguration, checkConfiguration } from "../../../settings/configuration";
import { ConfigurationError } from "../../../settings/ConfigurationError";
import { ed25519KeyPair } from "../host/ed25519";

/** Keys of the tests, made once. */
export const identity = ed25519KeyPair();
export const hostKey = ed25519KeyPair().public;

/**
 * A folder that stands for the repository, the home, and the lab's folder at once. Files share it; it goes with
 * everything temporary of the unit tests.
 */
export const folder = mkdtempSync(join(tmpdir(), "configuration-"));
writeFileSync(join(folder, "id"), identity.private);

/** Settings that a stack can't do without. */
export const minimal: Record<string, string> = {
  host: "tracks.stowers.org",
  hostKey,
  privateKeyFile: "id",
  deployerPassword: "correct horse",
  serverNames: '["tracks.stowers.org"]',
};

/** Settings that the tests give as secrets, unless they say otherwise. */
const secrets = [
  "sudoPassword",
  "privateKey",
  "privateKeyPassphrase",
  "bastionPrivateKey",
  "bastionPrivateKeyPassphrase",
  "deployerPassword",
];

/** Checks the minimal settings with changes; an undefined one is left out. */
export function check(
  change: Record<string, string | undefined> = {},
  { secret = secrets, stack = "test" }: { secret?: readonly string[]; stack?: string } = {},
): CheckedConfiguration {
  const settings = Object.entries({ ...minimal, ...change }).flatMap(([name, value]) =>
    value === undefined ? [] : [[`tracks:${name}`, value] as const],
  );
  return checkConfiguration({
    stack,
    settings: { ...Object.fromEntries(settings), "pulumi:tags": "{}" },
    secretNames: new Set(secret.map((name) => `tracks:${name}`)),
    directory: folder,
    labDirectory: join(folder, ".lab"),
    home: folder,
  });
}

/** The error for these settings, in which each problem has a command. */
export function errorFor(...args: Parameters<typeof check>): ConfigurationError {
  try {
    check(...args);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const { subject, fix } of error.problems) {
      expect(fix, subject).not.toEqual([]);
      for (const line of fix ?? []) {
        expect(line, subject).toMatch(
          /^(?:or )?(?:pulumi config (?:set|rm) .*tracks:\w|npm run [a-z])/,
        );
      }
    }
    return error;
  }
  throw new Error("these settings have no error");
}

/** Names of the settings with an error, without their namespace. */
export function faultyKeys(...args: Parameters<typeof check>): string[] {
  return errorFor(...args).problems.map(({ subject }) => subject.replaceAll("tracks:", ""));
}

/** What the lab writes about a host of its own. */
export function writeLabHost(stack: string): void {
  const host = join(folder, ".lab", "hosts", stack);
  mkdirSync(host, { recursive: true });
  writeFileSync(
    join(host, "host.json"),
    JSON.stringify({
      name: stack,
      shape: "el9",
      address: "10.1.2.3",
      port: 22,
      hostKey,
      identityFile: join(folder, "id"),
      users: {
        root: { name: "root" },
        passwordless: { name: "admin" },
        sudoer: { name: "operator", password: "sudo-secret" },
      },
      secrets: { deployerPassword: "lab-secret" },
    }),
  );
}
