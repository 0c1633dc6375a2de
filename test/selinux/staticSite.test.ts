import { describe, expect } from "vitest";
import { machineUnavailable } from "../../dev/lab/machine";
import { Deployment } from "../e2e/deployment";
import { rotateByService } from "../e2e/rotation";
import { Life } from "./life";
import {
  CONTROLS,
  expectConfinement,
  nginxDomains,
  OTHER_PORT,
  portRules,
  reloadNginx,
} from "./nginx";

const LOG = "/etc/nginx/logs/domains/tracks/log/access.log";

const unavailable = machineUnavailable();
// In CI the tests fail when the lab can't run.
const leftOut = unavailable !== undefined && process.env.CI !== "true";
if (leftOut)
  console.log(`Left out: a static site where SELinux is enforcing, since ${unavailable}.`);

/**
 * Everything that SELinux has rules for, without the application: that takes minutes on an emulated processor, and
 * is in `npm run test:selinux`.
 */
describe.skipIf(leftOut)("a static site where SELinux is enforcing", () => {
  let deployment: Deployment;
  const life = new Life(async () => {
    deployment = await Deployment.create("confined", { shape: "el9-machine" });
    await deployment.set("serverNames", '["tracks.example.org"]');
    await deployment.set("listenPort", String(OTHER_PORT));
    return { deployment, dispose: () => deployment.dispose() };
  });
  const onHost = (command: string) => deployment.onHost(command);

  const serves = async (): Promise<void> => {
    for (const path of ["/static/notes.txt", "/media/picture.txt", "/robots.txt"]) {
      const url = `http://${deployment.host.address}:${OTHER_PORT}${path}`;
      const status = () => fetch(url).then((answer) => answer.status, String);
      await expect.poll(status, { timeout: 60_000 }).toBe(200);
    }
  };

  life.step("is deployed to a port outside http_port_t, and serves what comes later", async () => {
    await deployment.up();
    await onHost("echo x >/microarray/static/notes.txt; echo y >/microarray/media/picture.txt");
    await serves();
    expect(await onHost(`cat ${LOG}`)).toContain("GET /static/notes.txt");
    const domains = await nginxDomains(deployment);
    expect(domains).toBe("httpd_t");
    expect(await portRules(deployment)).toMatch(
      new RegExp(`^http_port_t +tcp +${OTHER_PORT}$`, "m"),
    );
    return `serves at ${OTHER_PORT}; nginx is ${domains}`;
  });

  life.refusedStep("is confined: three controls are refused", CONTROLS, async () => {
    await expectConfinement(deployment);
    await serves();
    return "403, no log, no port; all in the audit log";
  });

  life.step("goes on when nginx is reloaded, and its logs rotated by their unit", async () => {
    await reloadNginx(deployment);
    await serves();
    await rotateByService(deployment);
    await serves();
    expect(await onHost(`ls ${LOG}-*`)).toContain(LOG);
    expect(await onHost(`cat ${LOG}`)).toContain("GET /static/notes.txt");
    return "new workers serve, new logs are written";
  });

  life.end();
});
