import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import { DjangoApp } from "../../../components/DjangoApp";
import type { UwsgiArgs } from "../../../components/args/Uwsgi";
import { Uwsgi } from "../../../components/Uwsgi";
import { UwsgiService } from "../../../components/UwsgiService";
import { Host } from "../../../host/Host";
import { MockedEngine } from "../mockedEngine";
import { rootConnection } from "../rootConnection";

const engine = new MockedEngine();

let host: Host;
beforeEach(() => {
  host = new Host("host", { connection: rootConnection });
});
const site = { siteRoot: "/microarray" };

async function manifest(name: string): Promise<string> {
  await engine.settled();
  return engine.commands().findLast((command) => command.name === name)?.inputs.stdin ?? "";
}

function uwsgi(name: string, args: Partial<UwsgiArgs> = {}): Uwsgi {
  return new Uwsgi(name, {
    host,
    ...site,
    user: "deployer",
    production: true,
    application: "tracks",
    ...args,
  });
}

function app(name: string, runner: Uwsgi): DjangoApp {
  return new DjangoApp(name, {
    host,
    ...site,
    app: "tracks",
    user: "deployer",
    production: true,
    source: { kind: "folder", archive: { path: "/a.tar", sha256: "0".repeat(64), bytes: 1 } },
    allowedHosts: ["tracks.test"],
    uwsgi: runner,
  });
}

describe("Uwsgi", () => {
  it("installs the pinned program with the system's Python", async () => {
    uwsgi("plain");
    expect(await manifest("plain-program")).toContain(
      "pip-package uwsgi 2.0.31 python=/usr/bin/python3 program=uwsgi\n",
    );
    expect(await manifest("plain")).toBe("");
  });

  it("refuses settings that can't work before anything is registered", async () => {
    expect(() => uwsgi("open", { socket: "0.0.0.0:80" })).toThrow(/socket/);
    expect(() => uwsgi("hidden", { log: "/tmp/uwsgi.log" })).toThrow(
      /log\n {4}given: {3}"\/tmp\/uwsgi.log"\n.*logrotate.service has its own/,
    );
    expect(await manifest("open-program")).toBe("");
  });

  it("takes values that are known only later, and checks plain ones next to them at once", async () => {
    const later = <T>(value: T) => pulumi.output(Promise.resolve(value));
    const args = { socket: later("127.0.0.1:8123"), environment: { A: later("b") }, processes: 3 };
    new UwsgiService("later", { host, uwsgi: uwsgi("later", args) });
    expect(await manifest("later")).toMatch(
      /^\| socket = 127\.0\.0\.1:8123$[^]*^\| processes = 3$[^]*^\| env = A=b$/m,
    );
    expect(() => uwsgi("wrong", { ...args, processes: 0 })).toThrow(/ processes\n/);
  });

  it("takes the default where an output has no value", async () => {
    const missing = pulumi.output(Promise.resolve(undefined as unknown as number));
    new UwsgiService("missing", { host, uwsgi: uwsgi("missing", { processes: missing }) });
    expect(await manifest("missing")).toContain("| processes = 16\n");
  });

  it("checks values against each other only when all of them are known", async () => {
    const socket = pulumi.output(Promise.resolve("127.0.0.1:8005"));
    const apart = uwsgi("apart", { socket, stats: "127.0.0.1:8001" });
    new UwsgiService("apart", { host, uwsgi: apart });
    expect(await manifest("apart")).toContain("| stats = 127.0.0.1:8001\n");
    expect(() => uwsgi("same", { socket: "127.0.0.1:8001", stats: "127.0.0.1:8001" })).toThrow(
      /stats\n {4}given: {3}"127\.0\.0\.1:8001", which is Uwsgi\.socket too\n {4}allowed: another port/,
    );
  });

  it("sets PRODUCTION by its own argument only", () => {
    expect(() => uwsgi("named", { production: false, environment: { PRODUCTION: "1" } })).toThrow(
      /environment\n {4}given: {3}"PRODUCTION"\n {4}allowed: names .* PRODUCTION is set by the argument production/,
    );
  });

  it("keeps the name on the host that its program had as a part of the service", async () => {
    uwsgi("uwsgi");
    await engine.settled();
    // The first six characters of the SHA-256 of "UwsgiService:uwsgi/uwsgi-program".
    expect(engine.inputs("uwsgi-program").create).toMatch(/ apply uwsgi-program-2630b1$/);
  });
});

describe("UwsgiService", () => {
  it("runs the program that pip installed, in a locale of the host, only as its unit says", async () => {
    new UwsgiService("whole", { host, uwsgi: uwsgi("whole") });
    const text = await manifest("whole");
    expect(text).toContain("selinux-boolean httpd_can_network_connect on\n");
    expect(text).toContain("service uwsgi\n");
    expect(text).toMatch(/^\| ExecStart=.* @@UWSGI@@ --ini \/etc\/uwsgi\/tracks\.ini$/m);
    expect(text).toContain("| env = LANG=@@LOCALE@@\n");
    expect(text).toContain("| env = PRODUCTION=1\n");
    expect(text).toContain("| After=network.target\n");
    expect(text).toContain("\nabsent /etc/systemd/system/uwsgi.service.d\n");
  });

  it("runs the application from the directories, as the group and by the file that it is given", async () => {
    const runner = uwsgi("placed", {
      directory: "/opt/site",
      wsgi: "conf/run.py",
      virtualenv: "/opt/venv",
      group: "web",
      home: "/srv/home",
    });
    new UwsgiService("placed", { host, uwsgi: runner });
    const placed = await manifest("placed");
    for (const line of [
      "chdir = @(exec://readlink -f /opt/site)",
      "wsgi-file = @(exec://readlink -f /opt/site/conf/run.py)",
      "home = @(exec://readlink -f /opt/venv)",
      "gid = web",
    ]) {
      expect(placed.split("\n")).toContain(`| ${line}`);
    }
    const other = { host: new Host("other", { connection: rootConnection }) };
    const homely = uwsgi("homely", { ...other, home: "/srv/home" });
    new UwsgiService("homely", { ...other, uwsgi: homely });
    expect(await manifest("homely")).toContain("| home = @(exec://readlink -f /srv/home/venv)\n");
    const addresses = await Promise.all(
      [homely.socket, homely.harakiriSeconds].map(
        (output: pulumi.Output<unknown>) => new Promise((resolve) => output.apply(resolve)),
      ),
    );
    expect(addresses).toEqual(["127.0.0.1:8001", 30]);
  });

  it("leaves its files to the application that it runs", async () => {
    const shared = uwsgi("shared", { startsAfter: ["pg-15"] });
    new UwsgiService("shared", { host, uwsgi: shared, app: app("application", shared) });
    const text = await manifest("shared");
    expect(text).toContain("service uwsgi\n");
    expect(text).not.toMatch(/^(file|directory) /m);
    const brought = await manifest("application");
    expect(brought).toMatch(/^file \/etc\/uwsgi\/tracks\.ini [^]*\| env = PRODUCTION=1\n/m);
    expect(brought).toContain("| After=network.target pg-15.service\n");
  });

  it("sends its files as transform changed them", async () => {
    const changed = uwsgi("changed", {
      transform: ({ path, content }) => (path.endsWith(".ini") ? `${content}# mine\n` : content),
    });
    new UwsgiService("changed", { host, uwsgi: changed, app: app("bringer", changed) });
    expect(await manifest("bringer")).toMatch(/^file \/etc\/uwsgi\/tracks\.ini [^]*^\| # mine$/m);
  });

  it("refuses an application that brings another's files", () => {
    const args = { host, uwsgi: uwsgi("mine"), app: app("strange", uwsgi("other")) };
    expect(() => new UwsgiService("mine", args)).toThrow(
      / app\n.*the DjangoApp "strange", which has another Uwsgi or none/,
    );
  });

  it("gives dev no PRODUCTION, and a log elsewhere its SELinux type", async () => {
    const dev = uwsgi("dev", { production: false, log: "/srv/logs/u.log" });
    new UwsgiService("dev", { host, uwsgi: dev });
    const text = await manifest("dev");
    expect(text).not.toContain("PRODUCTION");
    expect(text).toContain("selinux-context var_log_t /srv/logs/u\\..*\n");
  });
});
