import { expect } from "vitest";
import { exec } from "../../dev/lab/host";
import type { SampleSite } from "./sampleSite";

/** Secrets of a site, by what they are for. */
export interface SiteSecrets {
  database: string;
  provisioning: string;
  secretKey: string;
  deployer: string;
  [other: string]: string;
}

/** The secrets of a site whose database passwords were generated. */
export async function knownSecrets(site: SampleSite): Promise<SiteSecrets> {
  const exported = JSON.parse(
    await site.deployment.succeed("stack", "export", "--show-secrets"),
  ) as { deployment: { resources: { urn: string; outputs?: { result?: unknown } }[] } };
  const generated = (name: string): string => {
    const resource = exported.deployment.resources.find(({ urn }) =>
      urn.endsWith(`RandomPassword::${name}`),
    );
    const { plaintext } = (resource?.outputs?.result ?? {}) as { plaintext?: string };
    return JSON.parse(plaintext ?? '""') as string;
  };
  const secrets = {
    database: generated("database-password"),
    provisioning: generated("database-provisioning-password"),
    secretKey: await site.deployment.onHost("cat /microarray/shared/tracks/secret_key"),
    deployer: site.deployment.host.secrets.deployerPassword,
  };
  for (const [name, secret] of Object.entries(secrets)) {
    expect(secret.length, name).toBeGreaterThan(7);
  }
  return secrets;
}

/**
 * None of the secrets stands where somebody finds it who has no business with it.
 *
 * @param commandLines what processes on the host had as arguments, see `CommandLines`
 */
export async function expectNowhere(
  site: SampleSite,
  secrets: Readonly<Record<string, string>>,
  commandLines: string,
): Promise<void> {
  expect(commandLines).toContain("tracks.site apply");
  const texts = {
    "the command lines of the host": commandLines,
    "what pulumi printed": site.printed,
    "the state": await site.deployment.state(),
    "the journal": await site.deployment.onHost("journalctl --no-pager"),
  };
  for (const [place, text] of Object.entries(texts)) {
    for (const [name, secret] of Object.entries(secrets)) {
      expect(text.includes(secret), `${name} in ${place}`).toBe(false);
    }
  }
  const search = async (what: string, command: string) =>
    (await exec(site.deployment.host, command, { input: what })).stdout;
  const readableByOthers =
    "runuser -u nobody -- grep -rlFs -f - /etc /var /home /root /tmp /run /usr/local /microarray";
  const remembered = "grep -rlFs -f - /var/log /var/lib/tracks /var/lib/pgsql /tmp /run";
  // What is no secret is found: the searches work.
  expect(await search("X-Tracks-Release", readableByOthers)).toContain("/etc/uwsgi/tracks.ini");
  expect(await search("X-Tracks-Release", remembered)).toContain("/var/lib/tracks/");
  for (const [name, secret] of Object.entries(secrets)) {
    expect(await search(secret, readableByOthers), `${name}, readable by others`).toBe("");
    expect(
      await search(secret, remembered),
      `${name}, in logs and in what the host remembers`,
    ).toBe("");
  }
}
