import { randomInt } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { execaSync } from "execa";
import { type EnterpriseLinux, manifest, PrivateRoot } from "./privateRoot";

/** What uWSGI saw when it loaded the application. */
export interface Load {
  /** Beside the service, to see whether the release answers. */
  trial: boolean;
  release: string;
  environment: Record<string, string>;
  options: Record<string, string[]>;
}

/** The options of a service that differ from case to case. */
export interface ServiceOptions {
  environment?: Record<string, string>;
  /** @default 2 */
  processes?: number;
  /** @default "/run/uwsgi.pid" */
  pidFile?: string;
  /** @default "daemon" */
  user?: string;
  /** Further lines. */
  more?: readonly string[];
  /** Changes the unit. @default "uWSGI" */
  description?: string;
}

const releases = "/microarray/releases/tracks";
/** The system's own, which every user may run; elsewhere whatever PATH has. */
export const python = existsSync("/usr/bin/python3")
  ? "/usr/bin/python3"
  : execaSync("python3", ["-c", "import sys; print(sys.executable)"]).stdout;

/**
 * A port below those that the kernel gives to connections (net.ipv4.ip_local_port_range): one of these could be
 * taken again before uWSGI's stand-in listens.
 */
async function freePort(): Promise<number> {
  const port = randomInt(10_000, 32_768);
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return freePort();
  }
  server.close();
  await once(server, "close");
  return port;
}

/** A private root with stand-ins for Django, in each release, and for uWSGI and its service. */
export class DeployRoot {
  private constructor(
    private readonly port: number,
    readonly host: PrivateRoot,
  ) {
    // Whoever runs it must be able to read it.
    const standIn = host.at("/counted/uwsgiStandIn.py");
    copyFileSync(join(__dirname, "uwsgiStandIn.py"), standIn);
    for (const log of ["/loads", "/managed"]) host.write(log, "", 0o666);
    host.write(
      "/counted/uwsgi",
      `#!/bin/bash\nexec -a "$0" ${python} -I ${standIn} ${host.root} "$@"\n`,
      0o755,
    );
    // What pip has installed, and the virtualenv; the second question comes through stdin.
    host.write(
      "/usr/bin/python3",
      `#!/bin/sh\ncase "$*" in -s*) echo "3.9 ${host.at("/usr/local/bin/uwsgi")}" ;; *) cat >/dev/null; echo present 0123456789ab ;; esac\n`,
      0o755,
    );
    host.write("/usr/local/bin/.keep", "");
    symlinkSync(host.at("/counted/uwsgi"), host.at("/usr/local/bin/uwsgi"));
    const program = "/var/lib/tracks/resources/tracks.dev/uwsgi-program";
    host.write(`${program}/facts`, "pip-package uwsgi 2.0.31 /usr/bin/python3 uwsgi\n");
    chmodSync(host.at("/var/lib/tracks"), 0o700);
    const virtualenv = "/home/daemon/venvs/0123456789ab";
    host.write(`${virtualenv}/.tracks-virtualenv`, "complete\n");
    mkdirSync(host.at(`${virtualenv}/bin`));
    symlinkSync(python, host.at(`${virtualenv}/bin/python`));
    host.write("/etc/systemd/system/.keep", "");
    mkdirSync(host.at(releases), { recursive: true });
    mkdirSync(host.at("/microarray/shared/tracks/media"), { recursive: true });
    mkdirSync(host.at("/microarray/backups/tracks"), { recursive: true });
    execaSync(python, [
      "-c",
      "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute('create table t (a)'); c.commit()",
      host.at("/microarray/shared/tracks/db.sqlite3"),
    ]);
  }

  static async create(options: { el?: EnterpriseLinux } = {}): Promise<DeployRoot> {
    return new DeployRoot(await freePort(), new PrivateRoot(options));
  }

  /** Makes the virtualenv run another interpreter. */
  replaceInterpreter(script: string): void {
    const file = "/home/daemon/venvs/0123456789ab/bin/python";
    rmSync(this.host.at(file));
    this.host.write(file, script, 0o755);
  }

  /** Gives the application's own files to its user, whose rights count from here on. */
  switchUsers(): void {
    for (const path of [
      "/microarray/releases",
      "/microarray/shared",
      "/microarray/backups",
      "/home",
    ]) {
      execaSync("chown", ["-R", "daemon:daemon", this.host.at(path)]);
    }
    this.host.switchUsers();
  }

  /** Fetches a release, as the subsystem `source` leaves it. */
  addRelease(
    name: string,
    {
      fault,
      pending = [],
      django = "4, 2, 0",
    }: { fault?: string; pending?: string[]; django?: string } = {},
  ): void {
    const write = (file: string, text: string) => {
      this.host.write(`${releases}/${name}/${file}`, text);
    };
    write(".tracks-release", "");
    write("tracks/wsgi.py", "application = None\n");
    write("tracks/settings/__init__.py", "");
    write("manage.py", managePy);
    write("pending", pending.map((one) => `${one}\n`).join(""));
    if (fault !== undefined) write("fault", fault);
    write("django/__init__.py", `VERSION = (${django})\n`);
    write("django/core/__init__.py", "");
    write("django/core/management.py", "def execute_from_command_line(argv=None):\n    pass\n");
    write("django/conf.py", fakeSettings);
    write("django/db/__init__.py", fakeDatabase);
    write("django/db/migrations/__init__.py", "");
    write("django/db/migrations/executor.py", fakeExecutor);
  }

  /** The deployment of a release, together with the files of its service unless there are none. */
  deployment(release: string, service?: ServiceOptions): string {
    return manifest(
      "app",
      "application",
      `application ${releases}/${release} owner=daemon current=/microarray/tracks shared=/microarray/shared/tracks backups=/microarray/backups/tracks wsgi=tracks/wsgi.py settings=tracks/settings/local.py production=no health=/ host=tracks.test port=1 keep=5`,
      "virtualenv /home/daemon/venvs python=/usr/bin/python3 requirements=requirements.txt",
      `symlink /microarray/tracks -> releases/tracks/${release}`,
      "symlink /home/daemon/venv -> @@VIRTUALENV@@",
      ...(service === undefined ? [] : this.serviceFiles(service)),
    );
  }

  /** The service that runs what is deployed; with its files, where no deployment has them. */
  service(files?: ServiceOptions): string {
    return manifest(
      "uwsgi",
      "uwsgi",
      ...(files === undefined ? [] : this.serviceFiles(files)),
      "service uwsgi",
    );
  }

  /** The settings of what is deployed; of a database that is a file, each word in it is a table. */
  settings(engine: string, database = ""): string {
    return manifest(
      "app-settings",
      "settings",
      "file /microarray/shared/tracks/local.py owner=daemon group=daemon mode=0400 secret=yes",
      `| DATABASES = {"default": {"ENGINE": "${engine}", "NAME": "${database}"}}`,
    );
  }

  /** A service uwsgi that somebody made by hand, and that runs: it answers as the release "former". */
  runFormerService(): void {
    this.host.write(
      "/etc/former.ini",
      [
        "[uwsgi]",
        `socket = 127.0.0.1:${this.port}`,
        "processes = 2",
        "chdir = /microarray/former",
        "pidfile = /run/former.pid",
        "",
      ].join("\n"),
    );
    this.host.write(
      "/etc/systemd/system/uwsgi.service",
      "# by hand\nExecStart=/usr/bin/env -i uwsgi --ini /etc/former.ini\n",
    );
    this.host.command("systemctl", "daemon-reload");
    this.host.command("systemctl", "enable", "uwsgi.service");
    this.host.command("systemctl", "start", "uwsgi.service");
  }

  /** States of the processes that the service consists of, such as S; T is stopped. */
  serviceProcesses(): string[] {
    const group = this.host.read("/services/uwsgi/pid").trim();
    const printed = execaSync("ps", ["-e", "-o", "pgid=,stat="]).stdout;
    return printed
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([pgid]) => pgid === group)
      .map(([, state = ""]) => state.charAt(0));
  }

  /** Stops the service as the administrator does. */
  stop(): void {
    this.host.command("systemctl", "stop", "uwsgi.service");
  }

  /** Asks a worker, as nginx does, which release it is of. */
  async servedRelease(): Promise<string | undefined> {
    const socket = connect(this.port, "127.0.0.1");
    socket.end(Buffer.alloc(4));
    let answer = "";
    for await (const part of socket) answer += String(part);
    return /X-Tracks-Release: (\S+)/.exec(answer)?.[1];
  }

  private serviceFiles(options: ServiceOptions): string[] {
    const ini = [
      "[uwsgi]",
      "master = true",
      "die-on-term = true",
      `socket = 127.0.0.1:${this.port}`,
      "stats = 127.0.0.1:9",
      `processes = ${options.processes ?? 2}`,
      "buffer-size = 32768",
      "chdir = @(exec://readlink -f /microarray/tracks)",
      "wsgi-file = @(exec://readlink -f /microarray/tracks/tracks/wsgi.py)",
      "home = @(exec://readlink -f /home/daemon/venv)",
      "pythonpath = /microarray/tracks/lib",
      `uid = ${options.user ?? "daemon"}`,
      "gid = daemon",
      "logto = /var/log/uwsgi.log",
      `pidfile = ${options.pidFile ?? "/run/uwsgi.pid"}`,
      ...Object.entries(options.environment ?? {}).map(([name, value]) => `env = ${name}=${value}`),
      ...(options.more ?? []),
    ];
    const unit = [
      "# Written by Pulumi (tracks.dev).",
      `Description=${options.description ?? "uWSGI"}`,
      "ExecStart=/usr/bin/env -i @@UWSGI@@ --ini /etc/uwsgi/tracks.ini",
    ];
    const file = (path: string, lines: string[]) => [
      `file ${path} owner=root group=root mode=0644`,
      ...lines.map((line) => `| ${line}`),
    ];
    return [
      "directory /etc/uwsgi owner=root group=root mode=0755",
      ...file("/etc/uwsgi/tracks.ini", ini),
      ...file("/etc/systemd/system/uwsgi.service", unit),
      "absent /etc/systemd/system/uwsgi.service.d",
    ];
  }

  /** What uWSGI has loaded since the last look. */
  loads(): Load[] {
    const lines = this.taken("/loads");
    return lines.map((line) => JSON.parse(line) as Load);
  }

  /** Commands of manage.py since the last look, with the variable SEASON that they saw. */
  managed(): string[] {
    return this.taken("/managed");
  }

  backups(): string[] {
    return readdirSync(this.host.at("/microarray/backups/tracks"));
  }

  /** Everything that a deployment changes and a failed one puts back. */
  live(): string[] {
    const { host } = this;
    return [
      host.linkTarget("/microarray/tracks"),
      host.read("/etc/uwsgi/tracks.ini"),
      host.read("/etc/systemd/system/uwsgi.service"),
      host.read("/services/uwsgi/loaded"),
    ];
  }

  remove(): void {
    const file = this.host.at("/services/uwsgi/pid");
    if (existsSync(file)) {
      try {
        process.kill(-Number(readFileSync(file, "utf8")), "SIGKILL");
      } catch {
        // It ended by itself.
      }
    }
    this.host.remove();
  }

  private taken(file: string): string[] {
    if (!this.host.exists(file)) return [];
    const lines = this.host.read(file).trimEnd().split("\n").filter(Boolean);
    this.host.write(file, "", 0o666);
    return lines;
  }
}

const managePy = `import os, sys

os.environ["DJANGO_SETTINGS_MODULE"] = "tracks.settings"
root = os.path.realpath("../../../..")
if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
    with open(root + "/managed", "a") as log:
        log.write("%s %s\\n" % (sys.argv[1], os.environ.get("SEASON")))
    if sys.argv[1] == "migrate":
        open("pending", "w").close()
    if sys.argv[1] == "collectstatic":
        open("Gr\\u00f6\\u00dfe.txt", "w").close()
`;

const fakeSettings = `class settings:
    STATIC_ROOT = "staticfiles"
    STATIC_URL = "/static/"
    DATABASES = {}
    configure = classmethod(lambda cls, **values: setattr(cls, "DATABASES", values["DATABASES"]))
`;

const fakeDatabase = `import os

connections = {"default": None}


class connection:
    vendor = "sqlite"
    settings_dict = {"NAME": os.path.realpath("db.sqlite3")}
    close = staticmethod(lambda: None)

    class introspection:
        @staticmethod
        def table_names():
            from django.conf import settings

            name = settings.DATABASES["default"]["NAME"]
            return open(name).read().split() if name else []
`;

const fakeExecutor = `class Migration:
    def __init__(self, line):
        self.app_label, self.name = line.split(".")


class MigrationExecutor:
    class loader:
        class graph:
            leaf_nodes = staticmethod(lambda: [])

    def __init__(self, connection):
        pass

    def migration_plan(self, leaves):
        return [(Migration(line.strip()), False) for line in open("pending") if line.strip()]
`;
