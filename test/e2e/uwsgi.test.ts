import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reboot } from "../../dev/lab/host";
import { Deployment } from "./deployment";
import { RequestLoop } from "./requestLoop";
import { rotateByService } from "./rotation";

/** What the application of this test tells about itself. */
interface Facts {
  release: string;
  environment: Record<string, string>;
  directory: string;
  prefix: string;
  ids: number[];
  path: string[];
}

describe("uWSGI", () => {
  let deployment: Deployment;

  /** Runs the program with settings of the UwsgiService. */
  const set = (settings: object): void => {
    deployment.environment.TRACKS_TEST_UWSGI = JSON.stringify(settings);
  };
  const ask = async (path = "/"): Promise<Facts> => {
    const response = await deployment.get(path);
    expect(response.status).toBe(200);
    return (await response.json()) as Facts;
  };
  const master = (): Promise<string> => deployment.onHost("cat /var/run/uwsgi/uwsgi.pid");
  const asDeployer = (action: string): Promise<string> =>
    deployment.onHost(`su - deployer -c "sudo /sbin/service uwsgi ${action}" 2>&1`);
  const loops = (): RequestLoop[] =>
    [1, 2].map(() => RequestLoop.start(`http://${deployment.host.address}/`));
  const failuresOf = async (running: RequestLoop[]): Promise<string[]> => {
    const ended = await Promise.all(running.map((loop) => loop.stop()));
    expect(Math.min(...ended.map((one) => one.answered))).toBeGreaterThan(0);
    return ended.flatMap((one) => one.failures);
  };

  beforeAll(async () => {
    deployment = await Deployment.create("uwsgi", { program: "test/e2e/programs/uwsgi.ts" });
    await deployment.set("serverNames", '["tracks.example.org"]');
    await deployment.onHost(makeReleases);
    await deployment.up();
  });
  afterAll(() => deployment.dispose());

  it("serves the release through nginx, and says which it is", async () => {
    const response = await deployment.get("/");
    expect(response.headers.get("x-tracks-release")).toBe("one");
    const facts = (await response.json()) as Facts;
    expect(facts.directory).toBe("/microarray/releases/tracks/one");
    expect(facts.prefix).toBe("/home/deployer/venvs/first");
    expect(facts.path).toContain(".");
  });

  it("runs 16 workers as deployer in an environment of its own", async () => {
    const [uid, gid] = (await deployment.onHost("id -u deployer; id -g deployer")).split("\n");
    expect((await ask()).ids).toEqual([uid, gid].map(Number));
    const workers = await deployment.onHost(`pgrep -c -P ${await master()}`);
    expect(workers).toBe("16");
    expect((await ask()).environment).toEqual({
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      LANG: "C.UTF-8",
      PRODUCTION: "1",
      UWSGI_ORIGINAL_PROC_NAME: "/usr/local/bin/uwsgi",
      UWSGI_RELOADS: "0",
    });
  });

  it("listens on this machine only", async () => {
    const listening = await deployment.onHost("ss -Hltn | awk '{print $4}'");
    expect(listening).toContain("127.0.0.1:8001");
    expect(listening).toContain("127.0.0.1:9191");
    expect(listening).not.toMatch(/^(?!127\.0\.0\.1:).*:(8001|9191)$/m);
  });

  it("inherits nothing of the login that restarts it, and loses no request meanwhile", async () => {
    const before = await master();
    const running = loops();
    await asDeployer("restart");
    expect(await failuresOf(running)).toEqual([]);
    expect(await master()).not.toBe(before);
    const environment = await deployment.onHost(
      "for pid in $(pgrep -x uwsgi); do tr '\\0' '\\n' </proc/$pid/environ; done | sort -u",
    );
    const names = environment.split("\n").map((line) => line.split("=")[0]);
    expect(names).toEqual(["LISTEN_FDS", "LISTEN_PID", "NOTIFY_SOCKET", "PATH"]);
  });

  it("takes a changed option by a reload that loses no request", async () => {
    const before = await master();
    const running = loops();
    set({ processes: 3, options: ["max-requests = 5000"] });
    expect(await deployment.up()).toMatch(/reloaded uwsgi: options changed/);
    expect(await failuresOf(running)).toEqual([]);
    expect(await master()).toBe(before);
    expect(await deployment.onHost(`pgrep -c -P ${before}`)).toBe("3");
  });

  it("restarts for what a reload can't change, says so, and loses no request", async () => {
    const running = loops();
    set({ processes: 3, production: false });
    expect(await deployment.up()).toMatch(/restarted uwsgi: .*the variable PRODUCTION is gone/);
    expect(await failuresOf(running)).toEqual([]);
    expect((await ask()).environment).not.toHaveProperty("PRODUCTION");
  });

  it("refuses an option that uWSGI does not know, again on the next up, and serves on", async () => {
    const before = await deployment.onHost("sha256sum /etc/uwsgi/tracks.ini; pgrep -x uwsgi");
    set({ processes: 3, production: false, options: ["max-request = 5000"] });
    for (const run of ["first", "second"]) {
      const running = loops();
      const printed = await deployment.upFails();
      expect(printed, run).toMatch(/uwsgi refuses the new options: .*max-request/);
      expect(await failuresOf(running), run).toEqual([]);
    }
    expect(await deployment.onHost("sha256sum /etc/uwsgi/tracks.ini; pgrep -x uwsgi")).toBe(before);
    set({ processes: 3, production: false });
    expect(await deployment.up()).toContain("unchanged");
  });

  it("keeps old workers on the old release until the reload, and never mixes two", async () => {
    await deployment.onHost("ln -sfn releases/tracks/two /microarray/tracks");
    expect((await ask()).release).toBe("one");
    const running = loops();
    await asDeployer("reload");
    await expect.poll(async () => (await ask()).release, { timeout: 10_000 }).toBe("two");
    expect(await failuresOf(running)).toEqual([]);
    expect((await deployment.get("/")).headers.get("x-tracks-release")).toBe("two");
  });

  it("writes to the new log after each rotation, as deployer", async () => {
    for (const turn of [1, 2]) {
      // uWSGI tells one touch of its reopen file from another by the second.
      await deployment.onHost("sleep 1");
      await rotateByService(deployment);
      await expect
        .poll(async () => {
          await ask(`/turn-${turn}/`);
          return deployment.onHost("cat /var/log/uwsgi.log");
        })
        .toContain(`/turn-${turn}/`);
      expect(await deployment.onHost("stat -c '%U %G %a' /var/log/uwsgi.log")).toBe(
        "deployer deployer 640",
      );
    }
  });

  it("goes on in the rotated log when the new one may not be written", async () => {
    await deployment.onHost(
      "sed -i 's/create 0640 deployer deployer/create 0600 root root/' /etc/logrotate.d/uwsgi",
    );
    await expect(rotateByService(deployment)).rejects.toThrow(
      /deployer can't write to \/var\/log\/uwsgi\.log/,
    );
    const running = loops();
    await ask("/still-there/");
    await expect
      .poll(() => deployment.onHost("cat /var/log/uwsgi.log-$(date +%Y%m%d)"))
      .toContain("/still-there/");
    expect(await failuresOf(running)).toEqual([]);
    await asDeployer("reload");
    await expect.poll(async () => (await ask()).environment.UWSGI_RELOADS).not.toBe("0");
    await deployment.onHost("chown deployer: /var/log/uwsgi.log; touch /var/log/uwsgi.reopen");
    expect(await deployment.up()).toContain("logrotate.d/uwsgi");
  });

  it("stops and starts through the service interface", async () => {
    await asDeployer("stop");
    expect((await deployment.get("/")).status).toBe(502);
    expect(await deployment.onHost("pgrep -x uwsgi || echo none")).toBe("none");
    await asDeployer("start");
    expect(await asDeployer("status")).toContain("active (running)");
    expect((await ask()).release).toBe("two");
  });

  it("comes back after a reboot, with the directory of its pid file", async () => {
    await reboot(deployment.stack);
    await expect
      .poll(async () => (await deployment.get("/")).status, { timeout: 20_000 })
      .toBe(200);
    expect(await deployment.onHost("stat -c %U /var/run/uwsgi")).toBe("root");
    expect(await deployment.onHost(`ps -o comm= -p ${await master()}`)).toBe("uwsgi");
    expect(await deployment.up()).not.toMatch(/created|updated|restarted/);
  });

  it("goes with its service and files on destroy, and stays installed", async () => {
    await deployment.succeed("destroy", "--yes", "--skip-preview");
    expect(
      await deployment.onHost("ls /etc/uwsgi /etc/systemd/system/uwsgi.service 2>&1 || true"),
    ).not.toMatch(/^(tracks\.ini|\/etc\/systemd.*service)$/m);
    expect(await deployment.onHost("pgrep -x uwsgi || echo none")).toBe("none");
    expect(await deployment.onHost("uwsgi --version")).toBe("2.0.31");
  });
});

/** Two releases of an application that tells what it sees, and a virtualenv, as a deployment leaves them. */
const makeReleases = `
set -e
# EPEL's uWSGI, whose program and unit have the names of ours.
yum -y -q --enablerepo=others install python3 uwsgi >/dev/null
useradd -m deployer
chmod 755 /home/deployer
for release in one two; do
  mkdir -p /microarray/releases/tracks/$release/tracks
  cat >/microarray/releases/tracks/$release/tracks/wsgi.py <<'PYTHON'
import json, os, sys, time

RELEASE = os.path.basename(os.getcwd())


def application(environ, start_response):
    time.sleep(0.02)
    start_response("200 OK", [("Content-Type", "application/json")])
    facts = {
        "release": RELEASE,
        "environment": dict(os.environ),
        "directory": os.getcwd(),
        "prefix": sys.prefix,
        "ids": [os.getuid(), os.getgid()],
        "path": sys.path,
    }
    return [json.dumps(facts).encode()]
PYTHON
done
ln -s releases/tracks/one /microarray/tracks
mkdir -p /home/deployer/venvs
python3 -m venv --without-pip /home/deployer/venvs/first
ln -s venvs/first /home/deployer/venv
chown -hR deployer: /microarray/tracks /microarray/releases /home/deployer/venv /home/deployer/venvs
`;
