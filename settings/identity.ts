import { readFileSync } from "node:fs";
import type { Identity } from "../host/ssh/connection";
import { readPrivateKey } from "../host/ssh/privateKey";
import type { ProblemParts } from "../host/problem";
import { shown } from "../host/manifest/value";
import { localFile } from "./localFile";
import { setCommand } from "./key";
import { type ConfigurationSource, type Reading } from "./read";
import { fullName, type KeyName, keys } from "./schema";
import { redacted, Secret } from "../host/secret";

type Read = Pick<Reading, "values" | "given">;

/** The settings of one private key. */
interface KeySettings {
  readonly file: "privateKeyFile" | "bastionPrivateKeyFile";
  readonly key: "privateKey" | "bastionPrivateKey";
  readonly passphrase: "privateKeyPassphrase" | "bastionPrivateKeyPassphrase";
}

const hostSettings: KeySettings = {
  file: "privateKeyFile",
  key: "privateKey",
  passphrase: "privateKeyPassphrase",
};

const bastionSettings: KeySettings = {
  file: "bastionPrivateKeyFile",
  key: "bastionPrivateKey",
  passphrase: "bastionPrivateKeyPassphrase",
};

/**
 * The one identity that logs in on the host; undefined, with problems added, when the settings give none or
 * several, or one that can't be used.
 *
 * @param labFile the lab's identity, for a stack without one
 */
export function readHostIdentity(
  source: ConfigurationSource,
  read: Read,
  labFile: string | undefined,
  problems: ProblemParts[],
): Identity | undefined {
  const { values, given } = read;
  const agent = values.agent === true || given.has("agentSocketPath");
  const ways: KeyName[] = (["privateKeyFile", "privateKey"] as const).filter((way) =>
    given.has(way),
  );
  if (agent) ways.push(given.has("agentSocketPath") ? "agentSocketPath" : "agent");
  if (ways.length > 1) {
    problems.push(tooMany(ways));
    return undefined;
  }
  if (agent) return agentIdentity(values.agentSocketPath, given, problems);
  if (ways.length === 1) return keyIdentity(source, read, hostSettings, problems);
  if (labFile !== undefined) {
    return keyIdentity(
      source,
      { values: { ...values, privateKeyFile: labFile }, given },
      hostSettings,
      problems,
    );
  }
  problems.push({
    subject: fullName("privateKeyFile"),
    given: "nothing",
    allowed: `exactly one of ${["privateKeyFile", "privateKey", "agent"].map(fullName).join(", ")}`,
    fix: [setCommand(fullName("privateKeyFile"), keys.privateKeyFile)],
  });
  return undefined;
}

/** The identity that logs in on the bastion: a private key for it, or else the host's identity. */
export function readBastionIdentity(
  source: ConfigurationSource,
  read: Read,
  host: Identity | undefined,
  problems: ProblemParts[],
): Identity | undefined {
  const ways = (["bastionPrivateKeyFile", "bastionPrivateKey"] as const).filter((way) =>
    read.given.has(way),
  );
  if (ways.length > 1) {
    problems.push(tooMany(ways));
    return undefined;
  }
  if (ways.length === 1) return keyIdentity(source, read, bastionSettings, problems);
  if (read.given.has("bastionPrivateKeyPassphrase")) problems.push(idlePassphrase(bastionSettings));
  return host;
}

function agentIdentity(
  socketPath: string | undefined,
  given: ReadonlySet<KeyName>,
  problems: ProblemParts[],
): Identity | undefined {
  if (given.has("privateKeyPassphrase")) problems.push(idlePassphrase(hostSettings));
  if (given.has("agentSocketPath") && socketPath === undefined) return undefined;
  return { kind: "agent", socketPath };
}

function keyIdentity(
  source: ConfigurationSource,
  { values, given }: Read,
  settings: KeySettings,
  problems: ProblemParts[],
): Identity | undefined {
  const file = values[settings.file];
  const privateKey =
    file === undefined ? values[settings.key] : readKeyFile(source, settings, file, problems);
  const passphrase = values[settings.passphrase];
  if (privateKey === undefined || (given.has(settings.passphrase) && passphrase === undefined)) {
    return undefined;
  }
  const read = readPrivateKey(privateKey.reveal(), passphrase?.reveal());
  if (typeof read === "object") return { kind: "key", privateKey, passphrase, ...read };
  const name: KeyName = file === undefined ? settings.key : settings.file;
  problems.push(
    read === "locked"
      ? locked(settings, passphrase !== undefined)
      : {
          subject: fullName(name),
          given:
            file === undefined
              ? `${redacted}, which is no private key`
              : `${shown(file)}, which has no private key in it`,
          allowed: keys.privateKey.value.allowed,
          fix: [setCommand(fullName(name), keys[name])],
        },
  );
  return undefined;
}

function readKeyFile(
  source: ConfigurationSource,
  settings: KeySettings,
  file: string,
  problems: ProblemParts[],
): Secret | undefined {
  const path = localFile(source, file);
  try {
    return new Secret(readFileSync(path, "utf8"));
  } catch (error) {
    problems.push({
      subject: fullName(settings.file),
      given: `${shown(file)}, which can't be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`,
      allowed: "a file on this machine with a private key that you may read",
      fix: [setCommand(fullName(settings.file), keys[settings.file])],
    });
    return undefined;
  }
}

function locked(settings: KeySettings, wrong: boolean): ProblemParts {
  return {
    subject: fullName(settings.passphrase),
    given: wrong ? `${redacted}, which doesn't open the private key` : "nothing",
    allowed: "the passphrase of the private key, which has one",
    fix: [setCommand(fullName(settings.passphrase), keys[settings.passphrase])],
  };
}

function idlePassphrase(settings: KeySettings): ProblemParts {
  return {
    subject: fullName(settings.passphrase),
    given: `${redacted}, but no private key`,
    allowed: "nothing without a private key of its own",
    fix: [`pulumi config rm ${fullName(settings.passphrase)}`],
  };
}

function tooMany(ways: readonly KeyName[]): ProblemParts {
  return {
    subject: ways.map(fullName).join(", "),
    given: "values for each of them",
    allowed: "exactly one: the stack has one identity",
    fix: ways.slice(1).map((way) => `pulumi config rm ${fullName(way)}`),
  };
}
