import type { Connection, Identity, Login, Privilege } from "../host/ssh/connection";
import { parsePublicKey } from "../host/ssh/publicKey";
import { errorOf, type Problem, type ProblemParts, warningOf } from "../host/problem";
import { readBastionIdentity, readHostIdentity } from "./identity";
import { setCommand, type Key } from "./key";
import { labHost, type LabHostFile, readLabHost } from "./lab";
import type { ConfigurationSource, Reading } from "./read";
import { fullName, type KeyName, keys } from "./schema";
import { redacted, Secret } from "../host/secret";

/** Connection to the host, as its settings give it. */
export interface ConnectionReading {
  /** Undefined where a setting has an error. */
  readonly connection: Connection | undefined;
  /** The bastion by itself, for use before the host's key is known. */
  readonly bastion: Login | undefined;
  /** Present when the host is this machine's lab host. */
  readonly lab: LabHostFile | undefined;
  readonly problems: readonly Problem[];
}

/** Combines the settings of host, login, sudo and bastion, and checks them together. */
export function readConnection(source: ConfigurationSource, reading: Reading): ConnectionReading {
  const problems: ProblemParts[] = [];
  const found = reading.values.host === labHost ? readLabHost(source) : { lab: undefined };
  if ("problem" in found) {
    return {
      connection: undefined,
      bastion: undefined,
      lab: undefined,
      problems: [errorOf(found.problem)],
    };
  }
  const { lab } = found;
  const identity = readHostIdentity(source, reading, lab?.identityFile, problems);
  const host = readHost(reading, identity, lab, problems);
  const bastion = readBastion(source, reading, identity, problems);
  const privilege = readPrivilege(reading, lab, problems);
  const complete = host !== undefined && privilege !== undefined && problems.length === 0;
  return {
    connection: complete ? { ...host, privilege, bastion } : undefined,
    bastion,
    lab,
    problems: [
      ...problems.map(errorOf),
      ...rsaWarnings("hostKey", host),
      ...rsaWarnings("bastionHostKey", bastion),
    ],
  };
}

function readHost(
  { values, given }: Reading,
  identity: Identity | undefined,
  lab: LabHostFile | undefined,
  problems: ProblemParts[],
): Login | undefined {
  const hostKey =
    values.hostKey ?? (lab && !given.has("hostKey") ? parsePublicKey(lab.hostKey) : undefined);
  if (hostKey === undefined && !given.has("hostKey") && values.host !== undefined) {
    problems.push(needed("hostKey"));
  }
  const port = lab && !given.has("hostPort") ? lab.port : values.hostPort;
  const { host, hostUser: user } = values;
  if (host === undefined || port === undefined || user === undefined) return undefined;
  if (hostKey === undefined || identity === undefined) return undefined;
  return { address: lab?.address ?? host, port, user, hostKey, identity };
}

function readPrivilege(
  { values, given }: Reading,
  lab: LabHostFile | undefined,
  problems: ProblemParts[],
): Privilege | undefined {
  const { hostUser, sudoPassword } = values;
  if (hostUser === "root") {
    if (!given.has("sudoPassword")) return { kind: "root" };
    problems.push({
      subject: fullName("sudoPassword"),
      given: `${redacted}, with ${fullName("hostUser")} root`,
      allowed: "nothing, since root needs no sudo; or another hostUser",
      fix: [`pulumi config rm ${fullName("sudoPassword")}`],
    });
    return undefined;
  }
  if (sudoPassword !== undefined) return { kind: "password", password: sudoPassword };
  if (given.has("sudoPassword")) return undefined;
  const known = Object.values(lab?.users ?? {}).find((user) => user.name === hostUser);
  return known?.password === undefined
    ? { kind: "passwordless" }
    : { kind: "password", password: new Secret(known.password) };
}

const bastionParts = [
  "bastionPort",
  "bastionUser",
  "bastionHostKey",
  "bastionPrivateKeyFile",
  "bastionPrivateKey",
  "bastionPrivateKeyPassphrase",
] as const satisfies readonly KeyName[];

function readBastion(
  source: ConfigurationSource,
  { values, given }: Reading,
  hostIdentity: Identity | undefined,
  problems: ProblemParts[],
): Login | undefined {
  if (!given.has("bastionHost")) {
    for (const part of bastionParts.filter((name) => given.has(name))) {
      problems.push({
        subject: fullName(part),
        given: `a value, but no ${fullName("bastionHost")}`,
        allowed: "nothing without a bastion",
        fix: [
          `pulumi config rm ${fullName(part)}`,
          `or ${setCommand(fullName("bastionHost"), keys.bastionHost)}`,
        ],
      });
    }
    return undefined;
  }
  if (!given.has("bastionHostKey")) problems.push(needed("bastionHostKey"));
  const identity = readBastionIdentity(source, { values, given }, hostIdentity, problems);
  const { bastionHost, bastionPort: port, bastionHostKey: hostKey } = values;
  const user = values.bastionUser ?? values.hostUser;
  if (bastionHost === undefined || port === undefined || user === undefined) return undefined;
  if (hostKey === undefined || identity === undefined) return undefined;
  return { address: bastionHost, port, user, hostKey, identity };
}

function needed(name: KeyName): ProblemParts {
  const key = keys[name] as Key<unknown>;
  return {
    subject: fullName(name),
    given: "nothing",
    allowed: key.value.allowed,
    fix: [setCommand(fullName(name), key)],
  };
}

function rsaWarnings(name: KeyName, login: Login | undefined): Problem[] {
  if (login?.hostKey.type !== "ssh-rsa") return [];
  return [
    warningOf({
      subject: fullName(name),
      given: "an RSA key",
      allowed: "an ssh-ed25519 key, where the host has one",
      fix: [setCommand(fullName(name), keys[name])],
      reason:
        "The provider's SSH client uses RSA keys with SHA-1 signatures only, which Enterprise Linux 9 refuses.",
    }),
  ];
}
