import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../host/facts";
import { ProblemError } from "../../../host/ProblemError";
import { checkFormerLocation, type DataLocation } from "../../../preflight/formerLocation";

const location: DataLocation = { siteRoot: "/microarray", app: "tracks", user: "deployer" };

const release =
  "application /microarray/releases/tracks/0123456789ab owner=deployer current=/microarray/tracks shared=/microarray/shared/tracks backups=/microarray/backups/tracks wsgi=tracks/wsgi.py production=yes";
const key = "secret-key /microarray/shared/tracks/secret_key owner=deployer";

/** @param owners what the probe found at paths that differ, such as `owner/x/local.py` to `painter` */
function facts(lines: string[], owners: Record<string, string> = {}, init = "systemd"): HostFacts {
  return {
    distribution: "CentOS Stream release 9",
    facts: new Map(Object.entries({ init, ...owners })),
    problems: [],
    resources: new Map(
      lines.map((line, index) => [
        `resource-${index}`,
        { drift: [], manifest: [line], repair: 0, via: undefined },
      ]),
    ),
  };
}

function refusal(change: Partial<DataLocation>, known: HostFacts): string {
  try {
    checkFormerLocation({ ...location, ...change }, known);
  } catch (error) {
    if (error instanceof ProblemError) return error.message;
    throw error;
  }
  return "";
}

describe("the place of the site's data", () => {
  it("may be anywhere on a host that has no data, or can't be asked", () => {
    expect(refusal({}, facts([]))).toBe("");
    expect(() => {
      checkFormerLocation(location, undefined);
    }).not.toThrow();
  });

  it("may stay where it is", () => {
    expect(refusal({}, facts([key, release]))).toBe("");
  });

  it.each([
    ["app", "roasted", "tracks:siteName", "/microarray/shared/roasted"],
    ["siteRoot", "/srv/www", "tracks:siteRoot", "/srv/www/shared/tracks"],
  ] as const)("can't change by %s before the data are moved", (part, value, setting, to) => {
    for (const lines of [[key, release], [release]]) {
      const text = refusal({ [part]: value }, facts(lines));
      expect(text).toContain(`\n  ${setting}\n    given:   "${value}"\n`);
      expect(text).toContain("systemctl stop uwsgi");
      expect(text).toContain(`mv -T /microarray/shared/tracks ${to}\n`);
      expect(text).toContain(`pulumi config set ${setting} ${location[part]}`);
      expect(text).not.toContain("chown");
    }
    const moved = { "owner/microarray/shared/tracks/secret_key": "absent" };
    expect(refusal({ [part]: value }, facts([key, release], moved))).toBe("");
  });

  it("can't get another owner before the data belong to that owner", () => {
    const text = refusal({ user: "painter" }, facts([key, release], {}, "sysv"));
    expect(text).toContain("service uwsgi stop");
    expect(text).toContain(
      "chown -R painter: /microarray/shared/tracks /microarray/backups/tracks\n",
    );
    expect(text).not.toContain("mv ");
    const given = { "owner/microarray/shared/tracks/local.py": "painter" };
    expect(refusal({ user: "painter" }, facts([key, release], given))).toBe("");
  });

  it("is the one that was applied last, also when the deployment failed after that", () => {
    const moved = facts([key.replaceAll("/tracks/", "/roasted/"), release]);
    expect(refusal({ app: "roasted" }, moved)).toBe("");
    expect(refusal({}, moved)).toContain(
      "mv -T /microarray/shared/roasted /microarray/shared/tracks",
    );
  });
});
