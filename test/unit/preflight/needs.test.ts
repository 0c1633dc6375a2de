import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../host/facts";
import { problemText } from "../../../host/problem";
import { type HostNeeds, unmetNeeds } from "../../../preflight/needs";

const needs: HostNeeds = {
  addresses: { "tracks:uwsgiSocket": "127.0.0.1:8001", "tracks:uwsgiStats": "127.0.0.1:9191" },
  interpreter: "/usr/bin/python3",
  loadsDump: false,
};

function found(
  answers: Record<string, string>,
  change: Partial<HostNeeds> = {},
  resources: HostFacts["resources"] = new Map(),
): string[] {
  return unmetNeeds(
    { ...needs, ...change },
    {
      distribution: "CentOS Stream release 9",
      facts: new Map(Object.entries(answers)),
      problems: [],
      resources,
    },
  ).map(problemText);
}

describe("a process on uWSGI's ports", () => {
  it("is no problem when there is none", () => {
    expect(found({ interpreter: "present" })).toEqual([]);
  });

  it("is named once for both ports, with the command that ends it and the one that avoids it", () => {
    const listener = "812 - uwsgi --socket 127.0.0.1:8001";
    expect(
      found({ "listener/127.0.0.1:8001": listener, "listener/127.0.0.1:9191": listener }),
    ).toEqual([
      `tracks:uwsgiSocket, tracks:uwsgiStats
  given:   127.0.0.1:8001, 127.0.0.1:9191
  found:   process 812 (uwsgi --socket 127.0.0.1:8001) listens there; it was started by hand or by a job, not as the service uwsgi
  allowed: an address that no other process uses
  fix:     kill -INT 812; remove what starts it at boot   (on the host, as root)
           or pulumi config set tracks:uwsgiSocket 127.0.0.1:8002
              pulumi config set tracks:uwsgiStats 127.0.0.1:9192`,
    ]);
  });

  it.each([
    [
      "700 other.service node",
      "the service other.service",
      "systemctl disable --now other.service",
    ],
    ["700 container uwsgi", "in a container of this host", "stop its container"],
    ["1 socket systemd", "for a socket unit", "systemctl list-sockets"],
  ])("is stopped in its own way: %s", (listener, owner, command) => {
    const [text] = found({ "listener/127.0.0.1:9191": listener });
    expect(text).toContain(owner);
    expect(text).toContain(`\n  fix:     ${command}`);
  });
});

describe("a former site that runs", () => {
  const running = { "uwsgi-service": "running" };
  const loaded: HostFacts["resources"] = new Map([
    [
      "old-data-load",
      {
        drift: [],
        manifest: ["manifest 1", "subsystem data-migration"],
        repair: 0,
        via: undefined,
      },
    ],
  ]);

  it("must be stopped before its data are loaded from a dump", () => {
    expect(found(running, { loadsDump: true })).toEqual([
      expect.stringMatching(
        /^tracks:migrationDump\n[^]*not loaded yet\n[^]*\n {2}fix: {5}service uwsgi stop .*\n {11}or pulumi config rm tracks:migrationDump/,
      ),
    ]);
  });

  it("is no problem without a dump, when it is stopped, or once the dump was loaded", () => {
    expect(found(running)).toEqual([]);
    expect(found({ "uwsgi-service": "stopped" }, { loadsDump: true })).toEqual([]);
    expect(found(running, { loadsDump: true }, loaded)).toEqual([]);
  });
});

describe("an interpreter that the host doesn't have", () => {
  const absent = (interpreter: string) => found({ interpreter: "absent" }, { interpreter });

  it("comes with the packages of its name", () => {
    expect(absent("/usr/bin/python3")).toEqual([]);
    expect(absent("/usr/bin/python3.11")).toEqual([]);
    expect(absent("/usr/bin/python2.7")).toEqual([]);
  });

  it("can't come from packages where they don't install", () => {
    expect(absent("/usr/local/bin/python3.11")).toEqual([
      expect.stringMatching(
        /^tracks:pythonInterpreter\n {2}given: {3}\/usr\/local\/bin\/python3\.11\n {2}found: {3}no such program on the host\n/,
      ),
    ]);
  });
});
