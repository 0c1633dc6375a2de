import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ProblemParts } from "../host/problem";
import { setCommand } from "./key";
import { localFile } from "./localFile";
import { shown } from "../host/manifest/value";
import { type ConfigurationSource, type Reading } from "./read";
import { fullName, type KeyName, keys } from "./schema";

/** Settings that apply to a server elsewhere only. */
const ofServerElsewhere = [
  "postgresAdminUser",
  "postgresAdminPassword",
  "postgresSslMode",
  "postgresCaFile",
] as const satisfies readonly KeyName[];

/** Checks the database's settings together, and against files on this machine. */
export function checkDatabase(source: ConfigurationSource, reading: Reading): ProblemParts[] {
  return [...checkElsewhere(reading), ...checkCa(source, reading)];
}

/**
 * Reads the certificates of the authorities that sign for the server.
 *
 * @returns the certificates alone, as PEM; or the problem with the file, in words that follow its name
 */
export function readCaFile(
  source: ConfigurationSource,
  path: string,
): { pem: string } | { problem: string } {
  let text: string;
  try {
    text = readFileSync(localFile(source, path), "utf8");
  } catch (error) {
    return { problem: `can't be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})` };
  }
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    return { problem: "holds a private key, which must never leave its server" };
  }
  if (blocks.length === 0) return { problem: "holds no certificate in PEM format" };
  for (const [index, block] of blocks.entries()) {
    const which = blocks.length === 1 ? "a certificate" : `a certificate (number ${index + 1})`;
    const certificate = parsed(block);
    if (certificate === undefined) return { problem: `holds ${which} that is damaged` };
    if (Date.parse(certificate.validTo) < Date.now()) {
      return { problem: `holds ${which} that expired at ${certificate.validTo}` };
    }
  }
  return { pem: `${blocks.join("\n")}\n` };
}

function parsed(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block);
  } catch {
    return undefined;
  }
}

function checkElsewhere({ given }: Reading): ProblemParts[] {
  if (!given.has("postgresHost")) {
    return ofServerElsewhere
      .filter((name) => given.has(name))
      .map((name) => ({
        subject: fullName(name),
        given: "a value, but the server is the host's own",
        allowed: `nothing without ${fullName("postgresHost")}`,
        fix: [`pulumi config rm ${fullName(name)}`],
      }));
  }
  return (["postgresAdminUser", "postgresAdminPassword"] as const)
    .filter((name) => !given.has(name))
    .map((name) => ({
      subject: fullName(name),
      given: `nothing, but ${fullName("postgresHost")} is set`,
      allowed: keys[name].value.allowed,
      fix: [setCommand(fullName(name), keys[name])],
    }));
}

/** Checks the certificates in the file; `postgresDatabaseRules` checks whether there must be any. */
function checkCa(source: ConfigurationSource, { values, given }: Reading): ProblemParts[] {
  const { postgresCaFile } = values;
  if (!given.has("postgresHost") || postgresCaFile === undefined) return [];
  const read = readCaFile(source, postgresCaFile);
  if (!("problem" in read)) return [];
  return [
    {
      subject: fullName("postgresCaFile"),
      given: `${shown(postgresCaFile)}, which ${read.problem}`,
      allowed:
        "a file on this machine that you may read, with one or more certificates in PEM format and no private key",
      fix: [setCommand(fullName("postgresCaFile"), keys.postgresCaFile)],
    },
  ];
}
