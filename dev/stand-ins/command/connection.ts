import type { CheckFailure } from "../protocol/resource";
import {
  isMap,
  isUnknown,
  type Property,
  type PropertyMap,
  reveal,
  secret,
} from "../protocol/property";

/** SSH hop, with defaults filled in. */
export interface Hop {
  user: string;
  host: string;
  port: number;
  password?: string;
  privateKey?: string;
  privateKeyPassword?: string;
  /** Path of an SSH agent's socket. @default SSH_AUTH_SOCK of the environment */
  agentSocketPath?: string;
  /** Number of failed tries that are repeated; -1 for no limit. */
  dialErrorLimit: number;
  /** Seconds that one TCP connection may take; 0 for no limit. */
  perDialTimeout: number;
  /** A line as in authorized_keys. Left out, any host key is accepted. */
  hostKey?: string;
}

/** Host, and the bastion to reach it through. */
export interface Connection extends Hop {
  proxy?: Hop;
}

const defaults: PropertyMap = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };
const secrets = new Set(["password", "privateKey", "privateKeyPassword"]);
const optional = [...secrets, "agentSocketPath", "hostKey"];
const numbers = ["port", "dialErrorLimit", "perDialTimeout"];
const known = new Set(["user", "host", ...optional, ...numbers, "proxy"]);

/** Checks the `connection` input and fills in defaults; the result is secret as a whole. */
function checkConnection(given: Property | undefined): {
  connection: Property;
  failures: CheckFailure[];
} {
  if (given === undefined || given === null)
    return { connection: null, failures: [missing("connection")] };
  const revealed = reveal(given);
  if (isUnknown(revealed)) return { connection: secret(given), failures: [] };
  if (!isMap(revealed))
    return {
      connection: secret(given),
      failures: [{ property: "connection", reason: "expected an object" }],
    };
  const proxy = revealed["proxy"];
  const connection = complete(revealed);
  const failures = faultsOf(revealed, "connection");
  if (isMap(proxy)) {
    connection["proxy"] = complete(proxy);
    failures.push(...faultsOf(proxy, "connection.proxy"));
  }
  return { connection: secret(connection), failures };
}

/**
 * Fills in defaults and marks secrets inside as well: the real provider's state is like that, so
 * a stack can switch between the two without a change.
 */
function complete(hop: PropertyMap): PropertyMap {
  const given = Object.entries(hop).map(([key, value]): [string, Property] => [
    key,
    secrets.has(key) ? secret(value) : value,
  ]);
  return { ...defaults, ...Object.fromEntries(given) };
}

function faultsOf(hop: PropertyMap, prefix: string): CheckFailure[] {
  const failures: CheckFailure[] = [];
  if (hop["host"] === undefined) failures.push(missing(`${prefix}.host`));
  for (const [key, value] of Object.entries(hop)) {
    const property = `${prefix}.${key}`;
    if (!known.has(key)) failures.push({ property, reason: "is not a field of a connection" });
    else if (!isUnknown(value) && key !== "proxy") {
      const type = numbers.includes(key) ? "number" : "string";
      if (typeof value !== type)
        failures.push({ property, reason: `expected a ${type}, got a ${typeof value}` });
    }
  }
  return failures;
}

function missing(property: string): CheckFailure {
  return { property, reason: "is required" };
}

/**
 * Checks the inputs of a resource that has a connection, and fills in the connection's defaults.
 *
 * @param otherFaults finds errors of the other inputs
 */
export function checkInputs(
  given: PropertyMap,
  otherFaults: (inputs: PropertyMap) => CheckFailure[],
): { inputs: PropertyMap; failures: CheckFailure[] } {
  const { connection, failures } = checkConnection(given["connection"]);
  const inputs = connection === null ? given : { ...given, connection };
  return { inputs, failures: [...failures, ...otherFaults(given)] };
}

/** Reads a connection that {@link checkInputs} has accepted, from the inputs or the state. */
export function readConnection(checked: Property | undefined): Connection {
  const revealed = reveal(checked ?? null);
  if (!isMap(revealed)) throw new Error("the resource has no connection");
  const hop = readHop(revealed);
  return isMap(revealed["proxy"]) ? { ...hop, proxy: readHop(revealed["proxy"]) } : hop;
}

function readHop(map: PropertyMap): Hop {
  const whole = { ...defaults, ...map };
  const text = (key: string): string => {
    const value = whole[key];
    return typeof value === "string" ? value : "";
  };
  return {
    user: text("user"),
    host: text("host"),
    port: Number(whole["port"]),
    dialErrorLimit: Number(whole["dialErrorLimit"]),
    perDialTimeout: Number(whole["perDialTimeout"]),
    ...Object.fromEntries(
      optional.filter((key) => text(key) !== "").map((key) => [key, text(key)]),
    ),
  };
}
