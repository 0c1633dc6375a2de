import { homedir } from "node:os";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { defaultHome } from "../components/args/LinuxUser";
import { type ApplicationConfiguration, groupApplication } from "./application";
import { type ArgsOf, argsOf } from "./argsOf";
import { checkArguments } from "./argumentRules";
import { checkApplication } from "./applicationRules";
import { readConnection } from "./connection";
import { ConfigurationError } from "./ConfigurationError";
import { type ConfigurationSource, readSettings } from "./read";
import { checkRules } from "./rules";
import type { Values } from "./schema";
import { errorOf, type Problem, problemText } from "../host/problem";
import { Secret } from "../host/secret";
import type { Connection } from "../host/ssh/connection";

/** The configuration of one stack: checked, with every default, grouped by component. */
export interface StackConfig {
  /** The host, the login there and the way to it. */
  readonly connection: Connection;
  /** Whether the host is this machine's lab host. */
  readonly isLab: boolean;
  /** Arguments of SystemPackages. */
  readonly packages: ArgsOf<"SystemPackages">;
  /** Arguments of the LinuxUser that the site belongs to. */
  readonly deployer: Omit<ArgsOf<"LinuxUser">, "password" | "home"> & {
    readonly password: Secret;
    readonly home: string;
  };
  /** Arguments of Nginx. */
  readonly nginx: Omit<ArgsOf<"Nginx">, "sitesOwner" | "openPorts"> & {
    /** A login name: the deployer's or root. */
    readonly sitesOwner: string;
    /** Ports to open in firewalld. */
    readonly openPorts: readonly number[];
  };
  /** Arguments of the NginxSite. */
  readonly site: ArgsOf<"NginxSite">;
  /** Arguments of RobotsTxt. */
  readonly robots: ArgsOf<"RobotsTxt"> & { readonly path: string };
  /** The application and what it needs; undefined where the site is a static page. */
  readonly application: ApplicationConfiguration | undefined;
  /** Arguments of every Logrotate. */
  readonly logrotate: ArgsOf<"Logrotate">;
}

/** A configuration without errors, and its warnings. */
export interface CheckedConfiguration {
  readonly configuration: StackConfig;
  readonly warnings: readonly Problem[];
}

/**
 * Reads the configuration of the stack that Pulumi deploys, and shows its warnings.
 *
 * @throws {@link ConfigurationError} with every error at once
 */
export function loadConfiguration(): StackConfig {
  const { configuration, warnings } = checkConfiguration(pulumiSource());
  for (const warning of warnings) void pulumi.log.warn(problemText(warning));
  return configuration;
}

/**
 * Checks a stack's settings. It reads files only: the private key, and what the lab wrote.
 *
 * @throws {@link ConfigurationError} with every error at once
 */
export function checkConfiguration(source: ConfigurationSource): CheckedConfiguration {
  const reading = readSettings(source);
  const { connection, lab, problems } = readConnection(source, reading);
  const all = [
    ...reading.problems,
    ...problems,
    ...[
      ...checkRules(reading),
      ...checkArguments(reading),
      ...checkApplication(source, reading),
    ].map(errorOf),
  ];
  const errors = all.filter(({ severity }) => severity === "error");
  const { values } = reading;
  const deployerPassword =
    values.deployerPassword ?? (lab && new Secret(lab.secrets.deployerPassword));
  if (errors.length > 0 || connection === undefined || deployerPassword === undefined) {
    throw new ConfigurationError(source.stack, errors);
  }
  return {
    // Without an error every setting that is required or has a default has a value.
    configuration: {
      connection,
      isLab: lab !== undefined,
      ...grouped(source, values as Values, deployerPassword),
    },
    warnings: all,
  };
}

function grouped(
  source: ConfigurationSource,
  values: Values,
  password: Secret,
): Omit<StackConfig, "connection" | "isLab"> {
  const { user, home = defaultHome(user), ...deployer } = argsOf("LinuxUser", values);
  const { sitesOwner, openPorts: opensPort, ...nginx } = argsOf("Nginx", values);
  const site = argsOf("NginxSite", values);
  return {
    packages: argsOf("SystemPackages", values),
    deployer: { ...deployer, user, home, password },
    nginx: {
      ...nginx,
      sitesOwner: sitesOwner === "deployer" ? user : "root",
      openPorts: opensPort ? [site.listenPort] : [],
    },
    site,
    robots: { ...argsOf("RobotsTxt", values), path: `${site.siteRoot}/robots/robots.txt` },
    logrotate: argsOf("Logrotate", values),
    application: groupApplication(source, values, { user, home }),
  };
}

/** The settings that Pulumi passes to the running program. */
export function pulumiSource(): ConfigurationSource {
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
