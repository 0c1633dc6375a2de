import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { down, exec, type LabHost, up } from "../../dev/lab/host";
import { Deployment } from "./deployment";

/** Name of the second lab host; the program reads its record by it. */
const second = "second";

/** One stack that deploys to two hosts, each with a Host component of its own. */
describe("two hosts in one stack", () => {
  let deployment: Deployment;
  let other: LabHost;
  const pageOf = async (address: string, path: string) =>
    (await fetch(`http://${address}${path}`)).text();

  beforeAll(async () => {
    deployment = await Deployment.create("two-hosts", {
      program: "test/e2e/programs/twoHosts.ts",
    });
    other = await up(second, {});
    await deployment.set("serverNames", '["first.example.org"]');
    await deployment.up();
  });
  afterAll(async () => {
    await down(second);
    await deployment.dispose();
  });

  it("are two machines", () => {
    expect(other.address).not.toBe(deployment.host.address);
    expect(other.hostKey).not.toBe(deployment.host.hostKey);
  });

  it("both serve robots.txt, and each its own page", async () => {
    for (const { address } of [deployment.host, other]) {
      expect(await pageOf(address, "/robots.txt")).toBe("User-agent: *\nDisallow: /\n");
    }
    expect(await pageOf(deployment.host.address, "/")).toContain("first.example.org");
    expect(await pageOf(other.address, "/")).toContain("second.example.org");
  });

  it("are unchanged the second time", async () => {
    expect(await deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("show a change of one of them on that one only", async () => {
    await deployment.set("robotsRules", '["User-agent: *", "Disallow: /first"]');
    expect(await deployment.up()).toMatch(/1 updated/);
    expect(await pageOf(deployment.host.address, "/robots.txt")).toContain("/first");
    expect(await pageOf(other.address, "/robots.txt")).toBe("User-agent: *\nDisallow: /\n");
  });

  it("are both cleaned by destroy", async () => {
    await deployment.succeed("destroy", "--yes", "--skip-preview", "--run-program");
    const ours =
      "/etc/nginx/sites-enabled/tracks /microarray/robots/robots.txt /usr/local/libexec/tracks/tracks.two-hosts";
    for (const host of [deployment.host, other]) {
      const { stdout } = await exec(host, `ls -d ${ours} 2>/dev/null`);
      expect(stdout, host.name).toBe("");
      const conf = await exec(host, "cat /etc/nginx/nginx.conf");
      expect(conf.stdout, host.name).not.toContain("Written by Pulumi");
    }
  });
});
