import { homedir } from "node:os";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { readConnection } from "./config/connection";
import { ConfigurationError } from "./config/fault";
import { type ConfigurationSource, readSettings } from "./config/read";
import { checkRules } from "./config/rules";
import type { connectionKeys } from "./config/keys/connection";
import type { Values } from "./config/schema";
import { Secret } from "./config/secret";
import type { Connection } from "./host/connection";

/** A value all of whose parts are read-only. Secrets stay what they are. */
export type DeepReadonly<T> = T extends Secret | string | number | boolean | undefined
  ? T
  : { readonly [K in keyof T]: DeepReadonly<T[K]> };

/** Settings as they are, but for those that {@link Configuration} states in another form. */
type PlainValues = Omit<Values, keyof typeof connectionKeys | "deployerPassword" | "deployerHome">;

/** The configuration of one stack: complete, checked, and with every default filled in. */
export interface Configuration extends DeepReadonly<PlainValues> {
  /** How the host is reached, and as whom. */
  readonly connection: Connection;
  /** Whether the host is this machine's lab host. */
  readonly isLab: boolean;
  /** Password of the deployer's login. */
  readonly deployerPassword: Secret;
  /** Home of the deployer, below which nothing of another user lies. */
  readonly deployerHome: string;
}

/** A configuration, and what its owner should know about it. */
export interface CheckedConfiguration {
  readonly configuration: Configuration;
  readonly warnings: readonly string[];
}

/**
 * Reads the configuration of the stack that is being deployed.
 *
 * @throws {@link ConfigurationError} with every fault at once
 */
export function loadConfiguration(): Configuration {
  const { configuration, warnings } = checkConfiguration(pulumiSource());
  for (const warning of warnings) void pulumi.log.warn(warning);
  return configuration;
}

/**
 * Checks a stack's settings. Only files are read: the private key, and what the lab wrote.
 *
 * @throws {@link ConfigurationError} with every fault at once
 */
export function checkConfiguration(source: ConfigurationSource): CheckedConfiguration {
  const reading = readSettings(source);
  const { connection, lab, faults, warnings } = readConnection(source, reading);
  const all = [...reading.faults, ...faults, ...checkRules(reading)];
  const { values } = reading;
  const deployerPassword =
    values.deployerPassword ?? (lab && new Secret(lab.secrets.deployerPassword));
  if (all.length > 0 || connection === undefined || deployerPassword === undefined) {
    throw new ConfigurationError(source.stack, all);
  }
  // Without a fault every setting that is required or has a default is there.
  const complete = values as Values;
  return {
    configuration: {
      ...complete,
      connection,
      isLab: lab !== undefined,
      deployerPassword,
      deployerHome: complete.deployerHome ?? `/home/${complete.deployerUser}`,
    },
    warnings: [...reading.warnings, ...warnings],
  };
}

/** The settings that Pulumi hands to the running program. */
function pulumiSource(): ConfigurationSource {
  const secretNames = JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] || "[]") as string[];
  return {
    stack: pulumi.getStack(),
    settings: pulumi.runtime.allConfig(),
    // Older language hosts put `config:` between the namespace and the name.
    secretNames: new Set(secretNames.map((name) => name.replace(":config:", ":"))),
    directory: process.cwd(),
    labDirectory: resolve(process.env["TRACKS_LAB_DIR"] || ".lab"),
    home: homedir(),
  };
}
