import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Deployment } from "./deployment";
import { RequestLoop } from "./requestLoop";

/** Changes of a running site: what they show before, what they touch, and what is refused. */
describe("a change", () => {
  let deployment: Deployment;
  const master = () => deployment.onHost("systemctl show -p MainPID --value nginx");
  const workers = () =>
    deployment.onHost("pgrep -P $(systemctl show -p MainPID --value nginx) | sort");

  beforeAll(async () => {
    deployment = await Deployment.create("change");
    await deployment.set("serverNames", '["old.example.org"]');
    await deployment.up();
  });
  afterAll(() => deployment.dispose());

  it("shows as changed lines, reloads nginx without a restart and loses no request", async () => {
    await deployment.set("serverNames", '["new.example.org"]');
    const preview = await deployment.succeed("preview", "--diff");
    expect(preview).toMatch(/^\s*- .*server_name old\.example\.org;/m);
    expect(preview).toMatch(/^\s*\+ .*server_name new\.example\.org;/m);

    const before = { master: await master(), workers: await workers() };
    const loop = RequestLoop.start(`http://${deployment.host.address}/`);
    const printed = await deployment.up();
    const requests = await loop.stop();

    expect(printed).toMatch(/1 updated/);
    expect(await master()).toBe(before.master);
    expect(await workers()).not.toBe(before.workers);
    expect(requests.failures).toEqual([]);
    expect(requests.answered).toBeGreaterThan(50);
    expect(await deployment.onHost("cat /etc/nginx/sites-enabled/tracks")).toContain(
      "new.example.org",
    );
  });

  it("that nginx refuses leaves the old site serving, and is refused again", async () => {
    await deployment.set("siteSnippet", "no_such_directive on;");
    const before = await deployment.onHost("sha256sum /etc/nginx/sites-available/tracks");
    for (const attempt of ["first", "second"]) {
      const printed = await deployment.upFails();
      expect(printed, attempt).toContain('unknown directive "no_such_directive"');
      expect((await deployment.get("/")).status, attempt).toBe(200);
      expect(await deployment.onHost("sha256sum /etc/nginx/sites-available/tracks")).toBe(before);
    }
    await deployment.unset("siteSnippet");
    await deployment.up();
  });

  it("that the test passes and the reload refuses is reported and taken back", async () => {
    await deployment.onHost(
      "setsid python3 -m http.server 8008 --directory /var/empty >/dev/null 2>&1 </dev/null & echo $! >/run/occupant",
    );
    await deployment.set("listenPort", "8008");
    const printed = await deployment.upFails();
    expect(printed).toMatch(/bind\(\) to 0\.0\.0\.0:8008 failed/);
    expect((await deployment.get("/")).status).toBe(200);
    expect(await deployment.onHost("cat /etc/nginx/sites-available/tracks")).toContain(
      "listen 80 ",
    );

    await deployment.onHost("kill $(cat /run/occupant)");
    await deployment.unset("listenPort");
    await deployment.up();
  });

  it("that fails in two components reports both, and what a third wanted still happens", async () => {
    await deployment.set("siteSnippet", "no_such_directive on;");
    await deployment.set("logrotateCount", "7");
    await deployment.set("robotsRules", '["User-agent: *", "Disallow: /private"]');
    await deployment.onHost("chattr +i /etc/logrotate.d");
    const printed = await deployment.upFails("--continue-on-error");
    expect(printed).toContain("no_such_directive");
    expect(printed).toMatch(/can't put \/etc\/logrotate\.d\/nginx in place/);
    expect(await (await deployment.get("/robots.txt")).text()).toContain("/private");
    await deployment.onHost("chattr -i /etc/logrotate.d");
    await deployment.unset("siteSnippet");
    await deployment.unset("logrotateCount");
    await deployment.unset("robotsRules");
    await deployment.up();
  });

  it("made on the host by hand is found, repaired in place, and kept", async () => {
    await deployment.onHost("echo '# edited' >>/etc/nginx/nginx.conf");
    expect(await deployment.succeed("preview")).toMatch(
      /nginx.*differs from what was last applied/,
    );
    expect(await deployment.up()).toMatch(/1 updated/);
    expect(await deployment.onHost("grep -c edited /etc/nginx/nginx.conf || true")).toBe("0");
    expect(await deployment.onHost("grep -rl '# edited' /var/lib/tracks/kept")).not.toBe("");
    expect(await deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });
});
