import type { Connection, Identity, Login, Privilege } from "../host/ssh/connection";
import { parsePublicKey } from "../host/ssh/publicKey";
import type { Fault } from "./fault";
import { readBastionIdentity, readHostIdentity } from "./identity";
import { setCommand, type Key } from "./key";
import { labHost, type LabHostFile, readLabHost } from "./lab";
import type { ConfigurationSource, Reading } from "./read";
import { fullName, type KeyName, keys } from "./schema";
import { redacted, Secret } from "../host/secret";

/** What the host's and the bastion's settings amount to, when all of them are in order. */
export interface ConnectionReading {
  readonly connection: Connection | undefined;
  /** The bastion by itself: it is of use before the host's key is known. */
  readonly bastion: Login | undefined;
  /** Present when the host is this machine's lab host. */
  readonly lab: LabHostFile | undefined;
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
}

/** Puts the settings of host, login, sudo and bastion together, and checks them against each other. */
export function readConnection(source: ConfigurationSource, reading: Reading): ConnectionReading {
  const faults: Fault[] = [];
  const lab = reading.values.host === labHost ? readLabHost(source) : undefined;
  if (lab !== undefined && "mend" in lab) {
    return {
      connection: undefined,
      bastion: undefined,
      lab: undefined,
      faults: [lab],
      warnings: [],
    };
  }
  const identity = readHostIdentity(source, reading, lab?.identityFile, faults);
  const host = readHost(reading, identity, lab, faults);
  const bastion = readBastion(source, reading, identity, faults);
  const privilege = readPrivilege(reading, lab, faults);
  const complete = host !== undefined && privilege !== undefined && faults.length === 0;
  return {
    connection: complete ? { ...host, privilege, bastion } : undefined,
    bastion,
    lab,
    faults,
    warnings: [rsaWarning("hostKey", host), rsaWarning("bastionHostKey", bastion)].flat(),
  };
}

function readHost(
  { values, given }: Reading,
  identity: Identity | undefined,
  lab: LabHostFile | undefined,
  faults: Fault[],
): Login | undefined {
  const hostKey =
    values.hostKey ?? (lab && !given.has("hostKey") ? parsePublicKey(lab.hostKey) : undefined);
  if (hostKey === undefined && !given.has("hostKey") && values.host !== undefined) {
    faults.push(needed("hostKey"));
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
  faults: Fault[],
): Privilege | undefined {
  const { hostUser, sudoPassword } = values;
  if (hostUser === "root") {
    if (!given.has("sudoPassword")) return { kind: "root" };
    faults.push({
      key: fullName("sudoPassword"),
      given: `${redacted}, with ${fullName("hostUser")} root`,
      allowed: "nothing, since root needs no sudo; or another hostUser",
      mend: `pulumi config rm ${fullName("sudoPassword")}`,
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
  faults: Fault[],
): Login | undefined {
  if (!given.has("bastionHost")) {
    for (const part of bastionParts.filter((name) => given.has(name))) {
      faults.push({
        key: fullName(part),
        given: `a value, but no ${fullName("bastionHost")}`,
        allowed: "nothing without a bastion",
        mend: `pulumi config rm ${fullName(part)}   (or: ${setCommand(fullName("bastionHost"), keys.bastionHost)})`,
      });
    }
    return undefined;
  }
  if (!given.has("bastionHostKey")) faults.push(needed("bastionHostKey"));
  const identity = readBastionIdentity(source, { values, given }, hostIdentity, faults);
  const { bastionHost, bastionPort: port, bastionHostKey: hostKey } = values;
  const user = values.bastionUser ?? values.hostUser;
  if (bastionHost === undefined || port === undefined || user === undefined) return undefined;
  if (hostKey === undefined || identity === undefined) return undefined;
  return { address: bastionHost, port, user, hostKey, identity };
}

function needed(name: KeyName): Fault {
  const key = keys[name] as Key<unknown>;
  return {
    key: fullName(name),
    given: "nothing",
    allowed: key.value.allowed,
    mend: setCommand(fullName(name), key),
  };
}

function rsaWarning(name: KeyName, login: Login | undefined): string[] {
  if (login?.hostKey.type !== "ssh-rsa") return [];
  return [
    `${fullName(name)} is an RSA key. The deployment's SSH client knows it only with SHA-1 signatures, which Enterprise Linux 9 refuses: pin the ssh-ed25519 key (${setCommand(fullName(name), keys[name])}).`,
  ];
}
