import { argumentOf } from "./argumentKeys";
import type { Component, Key } from "./key";
import { fullName, keyNames, keys } from "./schema";

/** Lines between which docs/configuration.md holds the reference. */
export const referenceMarkers = {
  start: "<!-- configuration reference -->",
  end: "<!-- end of configuration reference -->",
} as const;

/** Headings of the tables, one per component. */
const headings: Record<Component, string> = {
  Host: "The host and the login there (connectionTo)",
  Bastion: "A bastion on the way to the host (connectionTo)",
  SystemPackages: "Packages and their repositories (SystemPackages)",
  LinuxUser: "The user that owns the site (LinuxUser)",
  Nginx: "nginx (Nginx)",
  NginxSite: "The site (NginxSite)",
  RobotsTxt: "robots.txt (RobotsTxt)",
  DjangoApp: "The application (DjangoApp)",
  Uwsgi: "uWSGI, which runs the application (Uwsgi)",
  PostgresDatabase: "The application's database (PostgresDatabase)",
  DataMigration: "Old data, loaded once (DataMigration)",
  Logrotate: "Log rotation (Logrotate)",
};

/** The reference of every setting in Markdown: one table per component. */
export function renderReference(): string {
  return Object.entries(headings)
    .map(([component, heading]) => section(component, heading))
    .join("\n\n");
}

function section(component: string, heading: string): string {
  const items = keyNames
    .map((name) => ({ name, key: keys[name] }))
    .filter(({ key }) => key.component === component)
    .map(({ name, key }) => item(name, key));
  const columns = ["setting", "type", "default", "meaning", "argument"];
  return [
    `## ${heading}`,
    "",
    ...[columns, columns.map(() => "---"), ...items].map((cells) => `| ${cells.join(" | ")} |`),
  ].join("\n");
}

/** The cells of one setting's row. */
function item(name: string, key: Key<unknown>): string[] {
  const type = key.secret ? `secret ${key.value.type}` : key.value.type;
  const example = key.secret ? "" : ` Example: \`${key.example}\`.`;
  return [
    `\`${fullName(name)}\``,
    type,
    presence(key),
    `${key.meaning} Allowed: ${key.value.allowed}.${example}`,
    argumentCell(key),
    // A bar would end the cell.
  ].map((cell) => cell.replaceAll("|", "\\|"));
}

/** The argument that a setting becomes, and how. */
function argumentCell(key: Key<unknown>): string {
  const argument = argumentOf(key);
  if (argument === undefined) return "";
  return `\`${argument}\`${key.becomes === undefined ? "" : `: ${key.becomes}`}`;
}

/** The default of a setting, or when it is required. */
function presence(key: Key<unknown>): string {
  if (key.presence === "required") return "**required**";
  if (key.needed !== undefined) return `**required** ${key.needed}`;
  if (key.presence === "default") return written(key.fallback);
  return key.fallbackText ?? "none";
}

function written(value: unknown): string {
  if (typeof value !== "object" || value === null) return `\`${String(value)}\``;
  const items: unknown[] = Array.isArray(value)
    ? value
    : Object.entries(value).map(([name, text]) => `${name}:${String(text)}`);
  return items.length === 0 ? "none" : items.map(written).join(", ");
}

/**
 * The text with the reference between its markers brought up to date.
 *
 * @throws Error when the text lacks a marker
 */
export function withReference(page: string): string {
  const start = page.indexOf(referenceMarkers.start);
  const end = page.indexOf(referenceMarkers.end);
  if (start < 0 || end < start) {
    throw new Error(
      `docs/configuration.md lacks the lines "${referenceMarkers.start}" and "${referenceMarkers.end}": add them again`,
    );
  }
  const before = page.slice(0, start + referenceMarkers.start.length);
  return `${before}\n\n${renderReference()}\n\n${page.slice(end)}`;
}
