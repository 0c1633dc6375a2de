import { describe, expect, it } from "vitest";
import { hostObstacles, type HostNeeds, obstacles } from "../../../preflight/obstacles";
import type { HostFacts } from "../../../host/facts";

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
  return obstacles(
    { ...needs, ...change },
    {
      distribution: "CentOS Stream release 9",
      facts: new Map(Object.entries(answers)),
      conflicts: [],
      resources,
    },
  );
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
      "127.0.0.1:8001 (tracks:uwsgiSocket) and 127.0.0.1:9191 (tracks:uwsgiStats) are taken by process 812 (uwsgi --socket 127.0.0.1:8001), which was started by hand or by a job, not as the service uwsgi. End it, on the host as root: kill -INT 812 (and take away what starts it at boot). Or let it be, and choose another port: pulumi config set tracks:uwsgiSocket 127.0.0.1:8002 && pulumi config set tracks:uwsgiStats 127.0.0.1:9192",
    ]);
  });

  it.each([
    [
      "700 other.service node",
      "the service other.service. End it, on the host as root: systemctl disable --now other.service",
    ],
    [
      "700 container uwsgi",
      "which runs in a container of this host. End it, on the host as root: stop its container",
    ],
    ["1 socket systemd", "a socket unit. End it, on the host as root: systemctl list-sockets"],
  ])("is ended in the way that it was started: %s", (listener, text) => {
    expect(found({ "listener/127.0.0.1:9191": listener })).toEqual([expect.stringContaining(text)]);
  });
});

describe("a problem that the host itself reports", () => {
  it("is shown as it is, and nothing else", () => {
    const facts = new Map([
      ["nginx-conf", "foreign"],
      ["obstacle/nginx-conf", "/etc/nginx/nginx.conf would be replaced"],
    ]);
    expect(hostObstacles({ distribution: "", facts, conflicts: [], resources: new Map() })).toEqual(
      ["/etc/nginx/nginx.conf would be replaced"],
    );
  });
});

describe("a former site that runs", () => {
  const running = { "uwsgi-service": "running" };
  const loaded: HostFacts["resources"] = new Map([
    [
      "old-data-load",
      {
        state: "ok",
        reason: undefined,
        manifest: ["manifest 1", "subsystem data-migration"],
        repair: 0,
        via: undefined,
      },
    ],
  ]);

  it("must be stopped before its data are loaded from a dump", () => {
    expect(found(running, { loadsDump: true })).toEqual([
      expect.stringMatching(
        /uwsgi runs, and tracks:migrationDump is not loaded yet.*service uwsgi stop.*pulumi config rm tracks:migrationDump/,
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
      "tracks:pythonInterpreter is /usr/local/bin/python3.11, which is not on the host: it comes from no package there, so install it by hand first",
    ]);
  });
});
