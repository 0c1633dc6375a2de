import { describe, expect, it } from "vitest";
import { argumentErrors } from "../../../components/args/argument";
import { uwsgiArguments, uwsgiRules } from "../../../components/args/Uwsgi";
import {
  renderUwsgiIni,
  renderUwsgiTmpfiles,
  renderUwsgiUnit,
  uwsgiReopensLog,
  type UwsgiView,
} from "../../../templates/uwsgi";

const view: UwsgiView = {
  program: "project tracks, stack test",
  application: "tracks",
  version: "2.0.31",
  interpreter: "/usr/bin/python3",
  binary: "/usr/local/bin/uwsgi",
  user: "deployer",
  group: "deployer",
  directory: "/microarray/tracks",
  wsgiFile: "/microarray/tracks/tracks/wsgi.py",
  virtualenv: "/home/deployer/venv",
  socket: "127.0.0.1:8001",
  stats: "127.0.0.1:9191",
  processes: 16,
  harakiriSeconds: 30,
  bufferSize: 32768,
  listenQueue: 128,
  log: "/var/log/uwsgi.log",
  pidFile: "/var/run/uwsgi/uwsgi.pid",
  environment: { PRODUCTION: "1" },
  options: [],
  startsAfter: ["postgresql-15"],
  proof: { path: "/", host: "tracks.example.org" },
};

function faultsOf(changed: Parameters<typeof uwsgiRules>[0]): string {
  return [...argumentErrors(uwsgiArguments, changed), ...uwsgiRules(changed)]
    .map(({ propertyPath, given, allowed }) => `${propertyPath}: ${given}: ${allowed}`)
    .join("\n");
}

describe("uWSGI's files", () => {
  it("match the reviewed text", () => {
    expect(renderUwsgiIni(view)).toMatchSnapshot();
    expect(renderUwsgiUnit(view)).toMatchSnapshot();
    expect(renderUwsgiTmpfiles(view)).toMatchSnapshot();
    expect(uwsgiReopensLog(view)).toMatchSnapshot();
  });

  it("have every option of the notes", () => {
    const options = renderUwsgiIni(view)
      .split("\n")
      .filter((line) => /^[a-z]/.test(line));
    for (const option of [
      "socket = 127.0.0.1:8001",
      "master = true",
      "harakiri = 30",
      "processes = 16",
      "buffer-size = 32768",
      "logto = /var/log/uwsgi.log",
      "pidfile = /var/run/uwsgi/uwsgi.pid",
      "uid = deployer",
      "stats = 127.0.0.1:9191",
      "env = PRODUCTION=1",
    ]) {
      expect(options).toContain(option);
    }
    expect(options.join("\n")).toMatch(/^wsgi-file = .*\/microarray\/tracks\/tracks\/wsgi\.py/m);
    expect(options.join("\n")).toMatch(/^home = .*\/home\/deployer\/venv/m);
  });

  it("have no PRODUCTION outside of production", () => {
    expect(renderUwsgiIni({ ...view, environment: {} })).not.toContain("PRODUCTION");
  });
});

describe("uWSGI's settings", () => {
  it("are refused all at once, each with what is allowed", () => {
    const text = faultsOf({
      socket: "0.0.0.0:8001",
      processes: 0,
      user: "root",
      bufferSize: 70000,
    });
    expect(text).toMatch(/socket: "0\.0\.0\.0:8001".*127\.0\.0\.1:PORT/);
    expect(text).toMatch(/processes: 0: .*1 to 1024/);
    expect(text).toMatch(/user: "root"/);
    expect(text).toMatch(/bufferSize: 70000/);
  });

  it("keep stats off the socket's port", () => {
    expect(faultsOf({ stats: "127.0.0.1:8001", socket: "127.0.0.1:8001" })).toContain("stats");
  });

  it("name the argument that an additional option would repeat", () => {
    expect(faultsOf({ options: ["max-requests = 5000"] })).toBe("");
    expect(faultsOf({ options: ["processes = 3"] })).toContain("Uwsgi.processes sets this one");
    expect(faultsOf({ options: ["http-socket = :80"] })).toContain("only nginx");
    expect(faultsOf({ options: ["auto-procname = true"] })).toContain("command line");
    expect(faultsOf({ options: ["procname-prefix=tracks "] })).toContain("command line");
    expect(faultsOf({ options: ["--master"] })).toContain("one line, `OPTION = VALUE`");
  });

  it("do not repeat the value of a variable that is refused", () => {
    const text = faultsOf({ environment: { TOKEN: "hidden%value" } });
    expect(text).toContain("environment.TOKEN");
    expect(text).not.toContain("hidden");
  });
});
