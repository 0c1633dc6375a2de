import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DeployRoot } from "./deployRoot";

const unit = "/etc/systemd/system/uwsgi.service";
const service = { environment: { SEASON: "winter" } };

let site: DeployRoot;
beforeEach(async () => {
  site = await DeployRoot.create();
  site.addRelease("first");
  site.runFormerService();
  site.host.calls();
});
afterEach(() => {
  site.remove();
});

const takeOver = () => site.host.apply(site.deployment("first", service));

/** Somebody answers, and no process of the service is stopped. */
async function expectServed(release: string): Promise<void> {
  expect(await site.servedRelease()).toBe(release);
  const states = site.serviceProcesses();
  expect(states).toHaveLength(3);
  expect(states).not.toContain("T");
}

describe("a running service uwsgi of somebody else", () => {
  test("is stopped through systemd, ours starts, and destroy restores it", async () => {
    await expectServed("former");
    const run = await takeOver();
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toContain("started uwsgi in place of the service that ran before");
    await expectServed("first");
    const taken = site.host.calls().filter((call) => / (stop|kill|start|restart) /.test(call));
    expect(taken.at(0)).toBe("systemctl --no-block stop uwsgi.service");
    expect(taken.at(-1)).toBe("systemctl start uwsgi.service");
    const given = await site.host.removeResource("app");
    expect(given).toMatchObject({ code: 0, stderr: "" });
    expect(given.stdout).toContain("started the service uwsgi that ran before");
    expect(site.host.read(unit)).toContain("# by hand");
    await expectServed("former");
  });

  test("has its drop-ins moved away, which the preview names, and restored", async () => {
    const dropIn = `${unit}.d/pid.conf`;
    site.host.write(dropIn, "[Service]\nPIDFile=/run/former.pid\n");
    const { stdout } = await site.host.run([
      "survey",
      "application=/microarray/tracks,/home/daemon/venv,/s,127.0.0.1:1,127.0.0.1:2,/usr/bin/python3",
    ]);
    expect(stdout).toMatch(/^conflict\tuwsgi\trunning\t\S+uwsgi\.service\t\S+uwsgi\.service\.d$/m);
    expect(await takeOver()).toMatchObject({ code: 0, stderr: "" });
    expect(site.host.exists(`${unit}.d`)).toBe(false);
    expect(await site.host.removeResource("app")).toMatchObject({ code: 0, stderr: "" });
    expect(site.host.read(dropIn)).toContain("PIDFile=/run/former.pid");
    await expectServed("former");
  });

  test("is restored even if it can't start any more, and its own lines say why", async () => {
    await takeOver();
    // systemd of Enterprise Linux 9: bus-wait-for-jobs.c; uWSGI 2.0: socket.c, uwsgi.c.
    const said = [
      "Job for uwsgi.service failed because the control process exited with error code.",
      "probably another instance of uWSGI is running on the same address (127.0.0.1:3031).",
      "bind(): Address already in use [core/socket.c line 769]",
    ];
    const systemctl = join(__dirname, "commands", "systemctl");
    const says = (...lines: string[]) =>
      `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(" ")}`;
    rmSync(site.host.at("/stand-ins/systemctl"));
    site.host.write(
      "/stand-ins/systemctl",
      `#!/bin/bash\nif [[ $1 == start ]]; then ${says(said[0] ?? "")}; exit 1; fi\nexec ${systemctl} "$@"\n`,
      0o755,
    );
    site.host.write("/stand-ins/journalctl", `#!/bin/bash\n${says(...said.slice(1))}\n`, 0o755);
    const run = await site.host.removeResource("app");
    expect(run.code).toBe(0);
    expect(run.stdout).toContain(
      `note: the service uwsgi that ran before does not start: ${said.join("\n")}\n`,
    );
    expect(site.host.read(unit)).toContain("# by hand");
  });

  test("runs again when ours does not start in its place", async () => {
    site.addRelease("second", { fault: "service" });
    const run = await site.host.apply(site.deployment("second", service));
    expect(run.reason).toMatch(
      /uwsgi does not start in place of the former service: .*\(this run's changes were undone\)$/,
    );
    expect(site.host.read(unit)).toContain("# by hand");
    await expectServed("former");
  });
});

describe("when the run is ended during the takeover", () => {
  const steps = [
    "systemctl --no-block stop uwsgi.service",
    "systemctl kill -s INT uwsgi.service",
    "systemctl daemon-reload",
    "systemctl start uwsgi.service",
  ];
  test.each(steps.flatMap((step) => [["TERM", step] as const, ["KILL", step] as const]))(
    "by SIG%s before `%s`, the former one serves after recover",
    async (signal, step) => {
      // The same calls as those of a run that is not ended.
      await takeOver();
      const place = site.host.calls().indexOf(step) + 1;
      expect(place).toBeGreaterThan(0);
      await site.host.removeResource("app");
      site.host.calls();
      site.host.killAt(place, signal);
      const run = await takeOver();
      expect(run.code).not.toBe(0);
      expect(await site.host.run(["recover"])).toMatchObject({ code: 0, stderr: "" });
      expect(site.host.read(unit)).toContain("# by hand");
      await expectServed("former");
      expect(await takeOver()).toMatchObject({ code: 0, stderr: "" });
      await expectServed("first");
    },
  );

  test("by SIGKILL after ours was started, the former one serves again", async () => {
    await takeOver();
    const calls = site.host.calls();
    const place = calls.lastIndexOf("systemctl start uwsgi.service") + 2;
    expect(calls.length).toBeGreaterThanOrEqual(place);
    await site.host.removeResource("app");
    site.host.killAt(place);
    expect((await takeOver()).code).not.toBe(0);
    expect(await site.host.run(["recover"])).toMatchObject({ code: 0, stderr: "" });
    await expectServed("former");
  });
});
