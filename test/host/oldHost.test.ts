import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Host } from "../../host/Host";
import type { ResourceManifest } from "../../host/manifest/manifest";
import { hostScript } from "../../host/script/hostScript";
import { MockedEngine } from "../unit/mockedEngine";
import { rootConnection } from "../unit/rootConnection";
import { DeployRoot } from "./deployRoot";
import { PrivateRoot } from "./privateRoot";

/** Enterprise Linux 6: its tools, and its init. */
describe("the commands that are sent to a host", () => {
  const engine = new MockedEngine();
  let host: PrivateRoot;
  beforeEach(async () => {
    await engine.clear();
    host = new PrivateRoot({ el: 6 });
  });
  afterEach(() => {
    host.remove();
  });

  /** Runs a command as the login's shell does. */
  function send(command = "", stdin = "") {
    const below = (text: string) =>
      text.replaceAll(/\/(usr\/local\/libexec|var\/lib)\/tracks/g, host.at("$&"));
    const { exitCode, stderr, stdout } = execaSync("/bin/sh", ["-c", below(command)], {
      input: stdin,
      extendEnv: false,
      env: {
        PATH: `${join(__dirname, "commands")}:/usr/sbin:/usr/bin:/sbin:/bin`,
        HOME: host.at("/root"),
        TRACKS_ROOT: host.root,
      },
      stripFinalNewline: false,
      reject: false,
    });
    return { exitCode, stderr, stdout };
  }

  it("install the script, apply, remove and uninstall with the timeout of coreutils 8.4", async () => {
    host.write("/root/.keep", "");
    host.write("/rpmdb", "python3\n");
    const parent = new Host("host", { connection: rootConnection });
    parent.converge(
      "motd",
      {
        subsystem: "none",
        entries: [{ kind: "file", path: "/etc/motd", content: "hello\n" }],
      },
      { parent },
    );
    const script = (await engine.command("host-script")).inputs;
    const motd = (await engine.command("motd")).inputs;
    expect(send(script.create, script.stdin)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(send(motd.create, motd.stdin)).toEqual({
      exitCode: 0,
      stderr: "",
      stdout: expect.stringContaining("1 change\n") as string,
    });
    expect(host.read("/etc/motd")).toBe("hello\n");
    expect(send(motd.delete, motd.stdin)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(host.exists("/etc/motd")).toBe(false);
    expect(send(script.delete)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(readdirSync(host.at("/usr/local/libexec/tracks"))).toEqual(["tracks.dev"]);
  });

  it("end on the host after their time limit, whatever options its timeout has", async () => {
    const parent = new Host("host", { connection: rootConnection, commandTimeoutSeconds: 1 });
    parent.converge("slow", { subsystem: "none", entries: [] }, { parent });
    const { inputs } = await engine.command("slow");
    host.installScript("tracks.test");
    for (const [el, command] of [
      ["6", inputs.create],
      ["7", inputs.delete],
    ] as const) {
      host.write("/el", `${el}\n`);
      // What it reads does not end in time.
      const run = send(`sleep 2 | ${command}`);
      expect(run).toMatchObject({ exitCode: 124 });
      expect(run.stderr).toContain("ended by a signal");
    }
  });

  it("name a time limit only where it is not the host script's own", async () => {
    expect(hostScript()).toContain("\nreadonly RUN_LIMIT=1800\n");
    const parent = new Host("host", { connection: rootConnection });
    const manifest: ResourceManifest = { subsystem: "none", entries: [] };
    parent.converge("usual", manifest, { parent });
    parent.converge("long", manifest, { parent, timeoutSeconds: 21_600 });
    expect((await engine.command("usual")).inputs.create).not.toContain("--timeout");
    expect((await engine.command("long")).inputs.create).toMatch(/ --timeout 21600$/);
  });
});

describe("an application on a host whose init is not systemd", () => {
  let site: DeployRoot;
  const service = { environment: { SEASON: "winter" } };
  beforeEach(async () => {
    site = await DeployRoot.create();
    rmSync(site.host.at("/run/systemd"), { recursive: true });
    site.host.write("/etc/init.d/uwsgi", "#!/bin/sh\n", 0o755);
    site.addRelease("first");
  });
  afterEach(() => {
    site.remove();
  });

  const files = (directory: string) =>
    readdirSync(site.host.at(directory), { recursive: true, encoding: "utf8" }).sort();

  it.each([
    ["a deployment", () => site.deployment("first", service)],
    ["the service by itself", () => site.service(service)],
  ])("is refused before anything is changed: %s", async (_, text) => {
    const before = [files("/etc"), files("/microarray"), files("/services")];
    const run = await site.host.apply(text());
    expect(run.code).toBe(1);
    expect(run.reason).toMatch(/^this host does not run systemd, .*Enterprise Linux 7 to 10/);
    expect([files("/etc"), files("/microarray"), files("/services")]).toEqual(before);
    expect(site.loads()).toEqual([]);
  });

  it("gets no announcements in the survey", async () => {
    const { stdout } = await site.host.run([
      "survey",
      "application=/microarray/tracks,/home/daemon/venv,/s,127.0.0.1:1,127.0.0.1:2,/usr/bin/python3",
    ]);
    expect(stdout).toContain("fact init sysv\n");
    expect(stdout).not.toContain("the first up replaces it");
  });
});
