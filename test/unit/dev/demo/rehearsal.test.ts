import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { rehearsalSettings } from "../../../../dev/demo/rehearsal";

function rehearsed(production: string): Record<string, unknown> {
  return (parse(rehearsalSettings(production)) as { config: Record<string, unknown> }).config;
}

describe("the rehearsal's settings", () => {
  it("are production's, on a lab host, with the sample application and its old data", () => {
    const production = readFileSync(join(__dirname, "../../../../Pulumi.production.yaml"), "utf8");
    expect(rehearsed(production)).toEqual({
      "tracks:host": "lab",
      "tracks:rehearsal": true,
      "tracks:serverNames": ["tracks.stowers.org"],
      "tracks:sourceFolder": "dev/sample/tracks",
      "tracks:migrationDump": "dev/sample/tracks_redirect.json",
      "tracks:healthCheckPath": "/healthz/",
    });
  });

  it("leave out the logins, every secret and production's own servers", () => {
    const config = rehearsed(`
encryptionsalt: v1:abc
config:
  tracks:host: tracks.stowers.org
  tracks:hostUser: admin
  tracks:bastionHost: bastion.stowers.org
  tracks:deployerPassword: {secure: v1:xyz}
  tracks:postgresHost: db.stowers.org
  tracks:workerConnections: 2048
`);
    expect(config["tracks:workerConnections"]).toBe(2048);
    expect(config["tracks:host"]).toBe("lab");
    for (const name of ["hostUser", "bastionHost", "deployerPassword", "postgresHost"]) {
      expect(config).not.toHaveProperty(`tracks:${name}`);
    }
    expect(rehearsalSettings("config:\n  tracks:deployerPassword: {secure: v1:xyz}")).not.toContain(
      "xyz",
    );
  });
});
