import { homedir } from "node:os";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type ApplicationConfiguration, groupApplication } from "./application";
import { checkApplication } from "./applicationRules";
import { readConnection } from "./connection";
import { ConfigurationError } from "./fault";
import { type ConfigurationSource, readSettings } from "./read";
import { checkRules } from "./rules";
import { checkSite } from "./siteRules";
import type { Values } from "./schema";
import { Secret } from "../host/secret";
import type { YumRepositorySetting } from "./yumRepository";
import type { Connection } from "../host/ssh/connection";

/** The configuration of one stack: complete, checked, with every default, grouped as it is used. */
export interface Configuration {
  /** How the host is reached, and as whom. */
  readonly connection: Connection;
  /** Whether the host is this machine's lab host. */
  readonly isLab: boolean;
  /** Settings of SystemPackages. */
  readonly packages: {
    readonly extraPackages: readonly string[];
    readonly moduleStreams: readonly string[];
    readonly yumRepositories: readonly Readonly<YumRepositorySetting>[];
    readonly yumProxy: string | undefined;
    readonly pip: {
      readonly indexUrl: string | undefined;
      readonly proxy: string | undefined;
      readonly trustedHost: string | undefined;
    };
  };
  /** Settings of the LinuxUser that the site belongs to. */
  readonly deployer: {
    readonly user: string;
    readonly password: Secret;
    readonly home: string;
    readonly shell: string;
    readonly authorizedKeys: readonly string[];
  };
  /** Settings of Nginx. */
  readonly nginx: {
    readonly workerProcesses: number | "auto";
    readonly workerConnections: number;
    readonly clientMaxBodySizeMegabytes: number;
    /** A login name: the deployer's or root. */
    readonly sitesOwner: string;
    /** Ports to open in firewalld. */
    readonly openPorts: readonly number[];
  };
  /** Settings of the NginxSite. */
  readonly site: {
    readonly site: string;
    readonly serverNames: readonly string[];
    readonly listenPort: number;
    readonly defaultServer: boolean;
    readonly siteRoot: string;
    readonly snippet: string | undefined;
  };
  /** Settings of RobotsTxt. */
  readonly robots: { readonly path: string; readonly rules: readonly string[] };
  /** The application and all that it needs; undefined where the site is a static page. */
  readonly application: ApplicationConfiguration | undefined;
  /** Settings of every Logrotate. */
  readonly logrotate: {
    readonly frequency: "daily" | "weekly" | "monthly";
    readonly rotate: number;
    readonly maxSizeMegabytes: number | undefined;
  };
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
  const all = [
    ...reading.faults,
    ...faults,
    ...checkRules(reading),
    ...checkSite(reading),
    ...checkApplication(source, reading),
  ];
  const { values } = reading;
  const deployerPassword =
    values.deployerPassword ?? (lab && new Secret(lab.secrets.deployerPassword));
  if (all.length > 0 || connection === undefined || deployerPassword === undefined) {
    throw new ConfigurationError(source.stack, all);
  }
  return {
    // Without a fault every setting that is required or has a default is there.
    configuration: {
      connection,
      isLab: lab !== undefined,
      ...grouped(values as Values, deployerPassword),
      application: groupApplication(source, values as Values),
    },
    warnings: [...reading.warnings, ...warnings],
  };
}

function grouped(
  values: Values,
  password: Secret,
): Omit<Configuration, "connection" | "isLab" | "application"> {
  const { deployerUser, listenPort, siteName, siteRoot, serverNames } = values;
  const robotsPath = `${siteRoot}/robots/robots.txt`;
  return {
    packages: {
      extraPackages: values.extraPackages,
      moduleStreams: values.moduleStreams,
      yumRepositories: values.yumRepositories,
      yumProxy: values.yumProxy,
      pip: {
        indexUrl: values.pipIndexUrl,
        proxy: values.pipProxy,
        trustedHost: values.pipTrustedHost,
      },
    },
    deployer: {
      user: deployerUser,
      password,
      home: values.deployerHome ?? `/home/${deployerUser}`,
      shell: values.deployerShell,
      authorizedKeys: values.deployerAuthorizedKeys,
    },
    nginx: {
      workerProcesses: values.workerProcesses,
      workerConnections: values.workerConnections,
      clientMaxBodySizeMegabytes: values.clientMaxBodySizeMegabytes,
      sitesOwner: values.sitesOwner === "deployer" ? deployerUser : "root",
      openPorts: values.openFirewall ? [listenPort] : [],
    },
    site: {
      site: siteName,
      serverNames,
      listenPort,
      defaultServer: values.defaultServer,
      siteRoot,
      snippet: values.siteSnippet,
    },
    robots: { path: robotsPath, rules: values.robotsRules },
    logrotate: {
      frequency: values.logrotateFrequency,
      rotate: values.logrotateCount,
      maxSizeMegabytes: values.logrotateMaxSizeMegabytes,
    },
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
