import { type PropertyMap, type Property, reveal } from "../protocol/property";

/** Settings of the provider, with defaults filled in. */
export interface Settings {
  host: string;
  port: number;
  username: string;
  /** Empty when there is none. */
  password: string;
  /** Database for everything that belongs to no database. */
  database: string;
  /** Whether the role is a superuser: then passwords are read back, to find drift. */
  superuser: boolean;
  /** As in libpq. @default "require" */
  sslmode: string;
  /** Path of a PEM file; empty for the system's certificate authorities. */
  sslrootcert: string;
  /** Seconds that one connection may take; 0 for no limit. */
  connectTimeout: number;
}

const known = new Set([
  ...["host", "port", "username", "password", "database", "superuser", "sslmode", "sslrootcert"],
  ...["connectTimeout", "scheme", "expectedVersion", "maxConnections", "version", "__internal"],
]);

/** Reads the settings, all of which are sent as texts; the SDK makes JSON of numbers and booleans. */
export function readSettings(given: PropertyMap): Settings {
  const revealed = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, reveal(value)]),
  );
  const stranger = Object.keys(revealed).find((name) => !known.has(name));
  if (stranger !== undefined)
    throw new Error(`the stand-in of the postgresql provider has no setting ${stranger}`);
  const setting = (name: string, otherwise: string): string => asText(revealed[name]) ?? otherwise;
  if (setting("scheme", "postgres") !== "postgres")
    throw new Error("the stand-in of the postgresql provider supports only the scheme postgres");
  return {
    host: setting("host", ""),
    port: Number(setting("port", "5432")),
    username: setting("username", "postgres"),
    password: setting("password", ""),
    database: setting("database", "postgres"),
    superuser: setting("superuser", "true") === "true",
    sslmode: setting("sslmode", "require"),
    sslrootcert: setting("sslrootcert", ""),
    connectTimeout: Number(setting("connectTimeout", "180")),
  };
}

function asText(value: Property | undefined): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
