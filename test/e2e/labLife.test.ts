import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as lab from "../../dev/lab/host";

describe.skipIf(lab.labUnavailable() !== undefined)("the life of a lab host", () => {
  let folder: string;
  let host: lab.LabHost;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tracks-lab-"));
    process.env["TRACKS_LAB_DIR"] = folder;
    host = await lab.up("first");
  });

  afterAll(async () => {
    for (const { name } of await lab.list()) await lab.down(name);
    await rm(folder, { recursive: true });
    delete process.env["TRACKS_LAB_DIR"];
  });

  const inside = async (command: string, on = host): Promise<string> => {
    const { stdout, stderr } = await lab.exec(on, command);
    return (stdout + stderr).trim();
  };
  /** The status of the front page as `on` sees it; 000 where no connection comes about. */
  const statusFrom = (on: lab.LabHost): Promise<string> =>
    inside(`curl -s -o /dev/null -w '%{http_code}' http://${host.address}/`, on);

  it("keeps packages and services over a reboot", async () => {
    await inside("yum -y -q install nginx && systemctl enable nginx");
    const key = await inside("ssh-keyscan -t ed25519 localhost 2>/dev/null");

    await lab.reboot("first");

    expect(await inside("systemctl is-system-running --wait")).toBe("running");
    expect(await inside("systemctl is-active nginx")).toBe("active");
    expect(await inside("ssh-keyscan -t ed25519 localhost 2>/dev/null")).toBe(key);
  });

  it("runs two hosts at once, which reach each other", async () => {
    const second = await lab.up("second");
    expect(second.address).not.toBe(host.address);
    expect(second.hostKey).not.toBe(host.hostKey);
    expect(await statusFrom(second)).toBe("200");
    // Each systemd sees its own units only.
    expect(await inside("systemctl is-active nginx", second)).toBe("inactive");
    await lab.down("second");
    expect(await inside("hostname")).toBe("first");
  });

  it("calls a host stale whose supervisor was killed, and makes a new one", async () => {
    const doomed = await lab.up("doomed");
    await execa("kill", ["-KILL", String(doomed.pid)]);
    await expect.poll(async () => (await stateOf("doomed"))?.state).toBe("stale");
    await expect(lab.runningHost("doomed")).rejects.toThrow("npm run lab -- up doomed");
    await expect.poll(() => tracesOf("doomed")).toEqual([join(folder, "hosts/doomed")]);
    const again = await lab.up("doomed");
    expect(again.hostKey).not.toBe(doomed.hostKey);
    await lab.down("doomed");
  });

  it.each(["SIGINT", "SIGKILL"] as const)("leaves nothing of an up ended by %s", async (signal) => {
    await upEndedBy(signal);
    if (signal === "SIGKILL") {
      // On a machine with other work the signal may come when the host is up.
      for (let tries = 0; tries < 5 && (await stateOf("half"))?.state !== "half-made"; tries++) {
        await lab.down("half");
        await upEndedBy(signal);
      }
      expect((await stateOf("half"))?.state).toBe("half-made");
      await lab.down("half");
    }
    expect(await stateOf("half")).toBeUndefined();
    expect(await tracesOf("half")).toEqual([]);
  });

  it("refuses a name that could not be a host's", async () => {
    await expect(lab.up("../x")).rejects.toThrow(`"../x" can't name a lab host`);
  });

  it("leaves nothing behind after down", async () => {
    const { netns, slot } = host;
    expect(await tracesOf("first")).not.toEqual([]);
    await lab.down("first");
    expect(await tracesOf("first")).toEqual([]);
    expect((await execa("ip", ["netns", "list"])).stdout).not.toMatch(
      new RegExp(`^${netns}\\b`, "m"),
    );
    expect(existsSync(`/sys/class/net/trklab${slot.number}`)).toBe(false);
    expect(existsSync(`/run/tracks-lab/slots/${slot.number}.json`)).toBe(false);
    for (const hierarchy of ["", "systemd", "unified"]) {
      expect(existsSync(join("/sys/fs/cgroup", hierarchy, netns))).toBe(false);
    }
    await lab.down("first");
  });

  /** Ends an `up` of the host `half` as soon as it has a supervisor. */
  async function upEndedBy(signal: NodeJS.Signals): Promise<void> {
    const words = ["commands/bootstrap.mjs", "dev/lab/cli.ts", "up", "half"];
    const cli = execa(process.execPath, words, { stdio: "ignore", reject: false });
    await expect
      .poll(() => existsSync(join(folder, "hosts/half/supervisor.json")), {
        timeout: 20_000,
        interval: 5,
      })
      .toBe(true);
    cli.kill(signal);
    await cli;
  }

  const stateOf = async (name: string) => (await lab.list()).find((each) => each.name === name);

  /** Processes, mounts and files that speak of the host's folder. */
  async function tracesOf(name: string): Promise<string[]> {
    const own = join(folder, "hosts", name);
    const traces = existsSync(own) ? [own] : [];
    for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
      const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      const mounts = await readFile(`/proc/${pid}/mounts`, "utf8").catch(() => "");
      if (line.includes(own) || mounts.includes(own)) traces.push(`${pid}: ${line}`);
    }
    return traces;
  }
});
