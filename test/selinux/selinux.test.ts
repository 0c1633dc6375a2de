import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cutPower, reboot } from "../../lab/host";
import { AuditLog, type Denial } from "./denials";
import { rotateByService } from "../e2e/rotation";
import { SampleSite } from "../e2e/sampleSite";

/** Everything computes some 12 times slower there, and the cores are shared. */
const PATIENCE_MS = 1_200_000;
/** Outside of http_port_t. */
const PORT = 8081;
const SITE_LOG = "/etc/nginx/logs/domains/tracks/log/access.log";

interface Step {
  step: string;
  result: string;
  seconds: number;
}

/**
 * Production's site on a virtual machine whose kernel enforces SELinux. The tests are one life, in order;
 * each of them fails on a denial that the deployment answers for. README.md says where Debian's policy, which
 * is the one here, differs from Enterprise Linux's.
 */
describe("the site where SELinux is enforcing", () => {
  let site: SampleSite;
  let audit: AuditLog;
  let port = 80;
  let uploaded = "";
  const table: Step[] = [];
  const onHost = (command: string) => site.deployment.onHost(command);
  const ask = (path: string) => site.ask(path, { port });

  /** One step of the life: a test, a line of the table, and no denial of ours. */
  const step = (
    title: string,
    work: () => Promise<string>,
    denials: "none" | "wanted" = "none",
  ) => {
    it(title, { timeout: PATIENCE_MS }, async () => {
      const start = performance.now();
      const row: Step = { step: title, result: "failed", seconds: 0 };
      table.push(row);
      try {
        row.result = await work();
        if (denials === "none") expect(ours(await audit.since())).toEqual([]);
      } catch (error) {
        row.result = "failed";
        throw error;
      } finally {
        row.seconds = (performance.now() - start) / 1000;
      }
    });
  };

  /** What a visitor gets: the application with its data, a static file, an upload, robots.txt. */
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
  const enforces = async (): Promise<void> => {
    expect(await onHost("getenforce")).toBe("Enforcing");
  };

  beforeAll(async () => {
    const start = performance.now();
    site = await SampleSite.create("selinux", {}, { shape: "el9-machine" });
    audit = new AuditLog(site.deployment);
    await enforces();
    const seconds = (performance.now() - start) / 1000;
    // What Debian's own services are refused at boot is nobody's fault here.
    const before = await audit.since();
    table.push({ step: "boot", result: `Enforcing; ${before.length} denials of others`, seconds });
  }, PATIENCE_MS);

  afterAll(async () => {
    const lines = [
      "| step | result | seconds |",
      "| --- | --- | ---: |",
      ...table.map(
        ({ step, result, seconds }) => `| ${step} | ${result} | ${seconds.toFixed(0)} |`,
      ),
    ];
    console.log(lines.join("\n"));
    await site.dispose();
  }, PATIENCE_MS);

  step("is deployed by the first up", async () => {
    await site.up();
    uploaded = await site.upload("notes.txt", "a precious file");
    await serves();
    expect(await onHost(`cat ${SITE_LOG}`)).toContain("GET /healthz/");
    const domains = await onHost("ps -C nginx -o label= | cut -d: -f3 | sort -u");
    expect(domains).toBe("httpd_t");
    return `serves; nginx is ${domains}`;
  });

  step(
    "is confined: three controls are refused, and found in the audit log",
    async () => {
      await audit.since();
      const server = (listen: number, more: string) => `server { listen ${listen}; ${more} }`;
      await onHost(`
        mkdir /control; echo unlabelled >/control/index.html; restorecon -R /control
        control() { echo "$1" >/etc/nginx/conf.d/control.conf; nginx -t -q && systemctl reload nginx; sleep 3; }
        control '${server(8008, "root /control;")}'
        curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:8008/index.html >/root/control
        control '${server(8008, "access_log /etc/nginx/control.log;")}'
        control '${server(PORT, "root /control;")}'
        curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:${PORT}/ >>/root/control
        rm -rf /etc/nginx/conf.d/control.conf /etc/nginx/control.log; systemctl reload nginx
      `);
      expect(await onHost("cat /root/control")).toBe("403\n000");
      const refused = ours(await audit.since()).join("\n");
      expect(refused).toMatch(
        /denied .*name="(control|index\.html)".*httpd_t.*:default_t:.*permissive=0/,
      );
      expect(refused).toMatch(
        /denied .*name="control\.log".*httpd_t.*:httpd_config_t:.*permissive=0/,
      );
      expect(refused).toMatch(
        new RegExp(`denied +{ name_bind } .*src=${PORT} .*httpd_t.*permissive=0`),
      );
      await serves();
      return "403, no log, no port";
    },
    "wanted",
  );

  step("goes on when nginx is reloaded", async () => {
    const workers = () => onHost("pgrep -P $(cat /run/nginx.pid) | sort");
    const before = await workers();
    await onHost("systemctl reload nginx");
    await expect.poll(workers, { timeout: 60_000, interval: 1000 }).not.toBe(before);
    await serves();
    return "new workers serve";
  });

  step("has its logs rotated by their own unit", async () => {
    await rotateByService(site.deployment);
    await serves();
    expect(await onHost(`ls ${SITE_LOG}-*`)).toContain(SITE_LOG);
    expect(await onHost(`cat ${SITE_LOG}`)).toContain("GET /healthz/");
    return "new logs are written";
  });

  step("changes its port to one outside http_port_t", async () => {
    await site.deployment.set("listenPort", String(PORT));
    await site.up();
    port = PORT;
    await serves();
    expect(await onHost("semanage port -l -C -n")).toMatch(/^http_port_t +tcp +8081$/m);
    return `serves at ${PORT}`;
  });

  step("is left alone by another up", async () => {
    await unchanged();
    await enforces();
    return "unchanged; Enforcing";
  });

  step("moves its site root behind a link", async () => {
    await onHost(
      "systemctl stop uwsgi nginx && mv /microarray /srv/ && ln -s /srv/microarray /microarray && systemctl start uwsgi nginx",
    );
    await site.up();
    // What the next relabelling of the whole system would do.
    await onHost("restorecon -R /srv /etc/nginx /var/log");
    await serves();
    await unchanged();
    return "serves from /srv; unchanged";
  });

  step("comes back after a reboot", async () => {
    await reboot(site.deployment.stack);
    await enforces();
    await serves();
    await unchanged();
    return "serves; unchanged; Enforcing";
  });

  step("survives a power cut in the middle of an up", async () => {
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
    await enforces();
    await expect
      .poll(() => ask("/healthz/").then(({ status }) => status, String), { timeout: 120_000 })
      .toBe(200);
    await site.up();
    await serves("2.0.0");
    await unchanged();
    return "the site serves before and after the next up; unchanged";
  });

  it("is taken down whole", { timeout: PATIENCE_MS }, async () => {
    const { pid, netns, slot } = site.deployment.host;
    await site.dispose();
    const left = [`/proc/${pid}`, `/run/netns/${netns}`, `/sys/class/net/${slot.outer}`];
    expect(left.filter((path) => existsSync(path))).toEqual([]);
  });
});

const ours = (denials: readonly Denial[]): string[] =>
  denials.filter((denial) => denial.ours).map(({ line }) => line);
