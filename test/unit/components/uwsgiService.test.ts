import { describe, expect, it } from "vitest";
import { UwsgiService } from "../../../components/UwsgiService";
import { Host } from "../../../host/Host";
import { renderManifest } from "../../../host/manifest/manifest";
import { MockedEngine } from "../mockedEngine";
import { rootConnection } from "../rootConnection";

const engine = new MockedEngine();

const host = new Host("host", { connection: rootConnection });

async function manifest(name: string): Promise<string> {
  await engine.settled();
  return engine.commands().findLast((command) => command.name === name)?.inputs.stdin ?? "";
}

describe("UwsgiService", () => {
  it("installs the pinned program with the system's Python", async () => {
    new UwsgiService("plain", { host, production: true });
    expect(await manifest("plain-program")).toContain(
      "pip-package uwsgi 2.0.31 python=/usr/bin/python3 program=uwsgi\n",
    );
  });

  it("makes the service only when it is told that the application is there", async () => {
    new UwsgiService("early", { host, production: true });
    expect(await manifest("early")).toBe("");
    new UwsgiService("served", { host, production: true }).serve();
    const text = await manifest("served");
    expect(text).toContain("selinux-boolean httpd_can_network_connect on\n");
    expect(text).toContain("service uwsgi\n");
    expect(text).toContain("| env = PRODUCTION=1\n");
  });

  it("runs the program that pip put on the host, in a locale of the host, as its unit alone says", async () => {
    new UwsgiService("whole", { host, production: true }).serve();
    const text = await manifest("whole");
    expect(text).toMatch(/^\| ExecStart=.* @@UWSGI@@ --ini \/etc\/uwsgi\/tracks\.ini$/m);
    expect(text).toContain("| env = LANG=@@LOCALE@@\n");
    expect(text).toContain("\nabsent /etc/systemd/system/uwsgi.service.d\n");
  });

  it("hands its files over once, and makes the rest where they run", async () => {
    const uwsgi = new UwsgiService("shared", { host, production: true, startsAfter: ["pg-15"] });
    const files = uwsgi.handOverFiles();
    uwsgi.serve();
    const text = await manifest("shared");
    expect(text).toContain("service uwsgi\n");
    expect(text).not.toMatch(/^(file|directory) /m);
    const handed = renderManifest(
      { name: "app", subsystem: "application", entries: files },
      "root",
    );
    expect(handed).toMatch(/^file \/etc\/uwsgi\/tracks\.ini [^]*\| env = PRODUCTION=1\n/m);
    expect(handed).toContain("| After=network.target pg-15.service\n");
    expect(() => uwsgi.handOverFiles()).toThrow(/one owner/);
    const alone = new UwsgiService("alone", { host, production: true });
    alone.serve();
    expect(() => alone.handOverFiles()).toThrow(/one owner/);
    expect(await manifest("alone")).toContain("| After=network.target\n");
  });

  it("gives dev no PRODUCTION, and a log elsewhere its SELinux type", async () => {
    new UwsgiService("dev", { host, production: false, log: "/srv/logs/u.log" }).serve();
    const text = await manifest("dev");
    expect(text).not.toContain("PRODUCTION");
    expect(text).toContain("selinux-context var_log_t /srv/logs/u\\..*\n");
  });

  it("refuses settings that can't work before anything is registered", async () => {
    expect(
      () => new UwsgiService("open", { host, production: true, socket: "0.0.0.0:80" }),
    ).toThrow(/socket/);
    expect(
      () => new UwsgiService("hidden", { host, production: true, log: "/tmp/uwsgi.log" }),
    ).toThrow(/log: "\/tmp\/uwsgi.log" was given.*logrotate.service sees others/);
    expect(await manifest("open-program")).toBe("");
  });
});
