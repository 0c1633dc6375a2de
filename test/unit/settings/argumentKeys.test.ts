import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { argumentNames, inStackKeys } from "../../../settings/argumentKeys";
import { fullName, keyNames, keys } from "../../../settings/schema";

/** Arguments that host and components name, although no setting gives them. */
const withoutSetting = ["NginxSite.staticRoot"];

/** Where the rooms below settings match a pattern; not in doc comments, which link to members of classes. */
function found(pattern: RegExp): { path: string; match: string }[] {
  return ["host", "preflight/host", "preflight/database", "components", "templates"].flatMap(
    (room) =>
      readdirSync(room, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name))
        .flatMap((path) => {
          const code = readFileSync(path, "utf8").replaceAll(/\/\*\*[^]*?\*\//g, "");
          return [...code.matchAll(pattern)].map(([match]) => ({ path, match }));
        }),
  );
}

describe("the arguments that settings become", () => {
  it("are one or more for each setting, except those that only choose", () => {
    expect(new Set(argumentNames).size).toBe(argumentNames.length);
    expect(keyNames.filter((name) => !("argument" in keys[name]))).toEqual(["rehearsal", "agent"]);
  });

  it("are shown as settings to the stack's owner", () => {
    expect(inStackKeys("PostgresDatabase.version is 16, or DjangoApp.source.ref.")).toBe(
      "tracks:postgresVersion is 16, or tracks:sourceRef.",
    );
    expect(inStackKeys("Connection.bastion.port")).toBe("tracks:bastionPort");
    expect(inStackKeys("leave them to it: set NginxSite.defaultServer to false")).toBe(
      "leave them to it: pulumi config set tracks:defaultServer false",
    );
    expect(
      inStackKeys("set PostgresDatabase.version to 9.2; or set Connection.user to root."),
    ).toBe(
      "pulumi config set tracks:postgresVersion 9.2; or pulumi config set tracks:hostUser root.",
    );
    expect(inStackKeys("set Connection.agentSocketPath to PATH, its socket")).toBe(
      "pulumi config set tracks:agentSocketPath PATH, its socket",
    );
    expect(inStackKeys("set DjangoApp.source.deployKey")).toBe(
      "set tracks:sourceDeployKey (pulumi config set --secret tracks:sourceDeployKey < ~/.ssh/tracks_deploy)",
    );
    expect(inStackKeys('or set PostgresDatabase.user to "painter"')).toBe(
      "or pulumi config set tracks:databaseUser painter",
    );
    expect(inStackKeys("set PostgresDatabase.packages to []")).toBe(
      "pulumi config set tracks:postgresPackages '[]'",
    );
    expect(inStackKeys("set PostgresDatabase.password to PASSWORD   (the site's)")).toBe(
      "pulumi config set --secret tracks:databasePassword   (the site's)",
    );
    expect(inStackKeys("PostgresDatabase.password")).toBe("tracks:databasePassword");
    expect(inStackKeys("correct Connection.user or Connection.privateKey")).toBe(
      "correct tracks:hostUser or tracks:privateKeyFile or tracks:privateKey",
    );
    expect(inStackKeys("set Connection.bastion.hostKey to KEY   (pins it)")).toBe(
      "npm run hostkey -- --bastion   (pins it)",
    );
  });

  it("are named by host, components and templates as the settings know them", () => {
    const components = [...new Set(argumentNames.map((name) => name.split(".")[0]))].join("|");
    // What comes of a placeholder is not to be seen here.
    const named = found(new RegExp(`\\b(?:${components})(?:\\.[a-z]\\w*)+\\b(?!\\.\\$)`, "g"));
    expect(named.length).toBeGreaterThan(30);
    const known = [...argumentNames, ...withoutSetting];
    expect(named.filter(({ match }) => !known.includes(match))).toEqual([]);
  });

  it("are what messages of host and components, and templates, name, in place of settings", () => {
    expect(found(new RegExp(`\\b(?:${keyNames.map(fullName).join("|")})\\b`, "g"))).toEqual([]);
  });

  it("stay as they are where no setting gives them, like other words", () => {
    const text = "NginxSite.staticRoot of /var/lib/Nginx.conf, example.Host.name";
    expect(inStackKeys(text)).toBe(text);
  });
});
