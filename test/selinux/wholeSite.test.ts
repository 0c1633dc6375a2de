import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { cutPower, reboot } from "../../dev/lab/host";
import { Life, PATIENCE_MS } from "./life";
import {
  CONTROLS,
  expectConfinement,
  nginxDomains,
  OTHER_PORT,
  portRules,
  reloadNginx,
} from "./nginx";
import { rotateByService } from "../e2e/rotation";
import { SampleSite } from "../e2e/sampleSite";

const SITE_LOG = "/etc/nginx/logs/domains/tracks/log/access.log";

/**
 * Production's site on a virtual machine whose kernel enforces SELinux. The tests are one life, in order.
 * README.md says where Debian's policy, which is the one here, differs from Enterprise Linux's.
 */
describe("the site where SELinux is enforcing", () => {
  let site: SampleSite;
  let port = 80;
  let uploaded = "";
  const life = new Life(async () => {
    return (site = await SampleSite.create("selinux", {}, { shape: "el9-machine" }));
  });
  const onHost = (command: string) => site.deployment.onHost(command);
  const ask = (path: string) => site.ask(path, { port });

  /** Checks what a visitor gets: the application with its data, a static file, an upload, robots.txt. */
  const serves = async (version = "1.0.0"): Promise<void> => {
    await expect
      .poll(() => ask("/healthz/").then(({ body }) => body, String), { timeout: 120_000 })
      .toBe(`{"status": "ok", "version": "${version}", "targets": 14}`);
    for (const path of ["/static/roasted/tracks.css", "/robots.txt", uploaded]) {
      expect((await ask(path)).status, path).toBe(200);
    }
  };
  const unchanged = async (): Promise<void> => {
    expect(await site.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  };

  life.step("is deployed by the first up", async () => {
    await site.up();
    uploaded = await site.upload("notes.txt", "a precious file");
    await serves();
    expect(await onHost(`cat ${SITE_LOG}`)).toContain("GET /healthz/");
    const domains = await nginxDomains(site.deployment);
    expect(domains).toBe("httpd_t");
    return `serves; nginx is ${domains}`;
  });

  life.refusedStep("is confined: three controls are refused", CONTROLS, async () => {
    await expectConfinement(site.deployment);
    await serves();
    return "403, no log, no port; all in the audit log";
  });

  life.step("goes on when nginx is reloaded", async () => {
    await reloadNginx(site.deployment);
    await serves();
    return "new workers serve";
  });

  life.step("has its logs rotated by their own unit", async () => {
    await rotateByService(site.deployment);
    await serves();
    expect(await onHost(`ls ${SITE_LOG}-*`)).toContain(SITE_LOG);
    expect(await onHost(`cat ${SITE_LOG}`)).toContain("GET /healthz/");
    return "new logs are written";
  });

  life.step("changes its port to one outside http_port_t", async () => {
    await site.deployment.set("listenPort", String(OTHER_PORT));
    await site.up();
    port = OTHER_PORT;
    await serves();
    expect(await portRules(site.deployment)).toMatch(/^http_port_t +tcp +8081$/m);
    return `serves at ${OTHER_PORT}`;
  });

  life.step("is left alone by another up", async () => {
    await unchanged();
    await life.enforces();
    return "unchanged; Enforcing";
  });

  life.step("moves its site root behind a link", async () => {
    await onHost(
      "systemctl stop uwsgi nginx && mv /microarray /srv/ && ln -s /srv/microarray /microarray && systemctl start uwsgi nginx",
    );
    await site.up();
    // Shows what the next relabelling of the whole system would change.
    await onHost("restorecon -R /srv /etc/nginx /var/log");
    await serves();
    await unchanged();
    return "serves from /srv; unchanged";
  });

  life.step("comes back after a reboot", async () => {
    await reboot(site.deployment.stack);
    await life.enforces();
    await serves();
    await unchanged();
    return "serves; unchanged; Enforcing";
  });

  life.step("survives a power cut in the middle of an up", async () => {
    await site.setVersion("2.0.0");
    const { deployment } = site;
    const up = deployment.pulumi("up", "--yes", "--skip-preview");
    const releases = () => onHost("ls /srv/microarray/releases/tracks");
    const before = await releases();
    const run = { ended: false };
    void up.finally(() => (run.ended = true));
    while ((await releases()) === before) {
      if (run.ended)
        throw new Error(`the up ended before it made its release:\n${(await up).text}`);
      await sleep(200);
    }
    await cutPower(deployment.stack);
    const { exitCode } = await up;
    expect(exitCode).not.toBe(0);
    await life.enforces();
    await expect
      .poll(() => ask("/healthz/").then(({ status }) => status, String), { timeout: 120_000 })
      .toBe(200);
    await site.up();
    await serves("2.0.0");
    await unchanged();
    return "the site serves before and after the next up; unchanged";
  });

  life.end();

  it("is taken down whole", { timeout: PATIENCE_MS }, async () => {
    const { pid, netns, slot } = site.deployment.host;
    await site.dispose();
    const left = [`/proc/${pid}`, `/run/netns/${netns}`, `/sys/class/net/${slot.outer}`];
    expect(left.filter((path) => existsSync(path))).toEqual([]);
  });
});
