import type { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { applicationPaths, defaultSiteRoot, virtualenvPaths } from "./django/paths";
import { HostComponent } from "../host/HostComponent";
import type { Host } from "../host/Host";
import { type ManifestEntry, primaryGroupOf } from "../host/manifest/manifest";
import { literally } from "../host/manifest/subtree";
import {
  renderHoldSocket,
  renderUwsgiIni,
  renderUwsgiTmpfiles,
  hostLocale,
  installedUwsgi,
  renderUwsgiUnit,
  uwsgiPaths,
  uwsgiReopensLog,
  type UwsgiView,
} from "../templates/uwsgi";
import { checkUwsgi } from "./uwsgi/faults";

/** Inputs of {@link UwsgiService}. */
export interface UwsgiServiceArgs {
  host: Host;
  /** Name of the application: of its link below the site's root, and of its ini file. @default "tracks" */
  application?: string;
  /** Version of uWSGI. @default "2.0.31" */
  version?: string;
  /** The system's Python whose pip installs uWSGI, and that it embeds. @default "/usr/bin/python3" */
  interpreter?: string;
  /** The `uwsgi` program. @default the one that pip installed, by the path in pip's own record */
  binary?: string;
  /** Login that the workers run as. @default "deployer" */
  user?: string;
  /** Group of the workers: with a user alone it would stay root's. @default the user's primary group */
  group?: string;
  /** Directory below which the application's link stands. @default "/microarray" */
  siteRoot?: string;
  /** Working directory, which enters sys.path; resolved at each (re)load. @default "SITEROOT/APPLICATION" */
  directory?: string;
  /** The application's WSGI file; resolved at each (re)load. @default "DIRECTORY/APPLICATION/wsgi.py" */
  wsgiFile?: string;
  /** The application's virtualenv; resolved at each (re)load. @default "/home/USER/venv" */
  virtualenv?: string;
  /** Where nginx passes requests to, on this machine only. @default "127.0.0.1:8001" */
  socket?: string;
  /** Where uWSGI tells its counters, on this machine only. @default "127.0.0.1:9191" */
  stats?: string;
  /** Workers. @default 16 */
  processes?: number;
  /** Seconds that a request may take. @default 30 */
  harakiriSeconds?: number;
  /** Bytes that a request's line and headers may take. @default 32768 */
  bufferSize?: number;
  /** Requests that may wait for a worker; at most the kernel's net.core.somaxconn. @default 128 */
  listenQueue?: number;
  /** @default "/var/log/uwsgi.log" */
  log?: string;
  /** @default "/var/run/uwsgi/uwsgi.pid" */
  pidFile?: string;
  /** Sets PRODUCTION=1; otherwise there is no such variable at all. */
  production: boolean;
  /**
   * Further variables of the application, which has no others. They are readable on the host: what
   * is secret belongs into the application's local settings.
   *
   * @default {} beside LANG, a UTF-8 locale of the host, without which Python can't name a file with an umlaut
   */
  environment?: Readonly<Record<string, string>>;
  /** Further options of uWSGI, each a line `key = value`. @default none */
  options?: readonly string[];
  /**
   * Services of the same host that are started first at boot, such as the database's: names without
   * `.service`. One that the host lacks does no harm.
   *
   * @default none
   */
  startsAfter?: readonly string[];
  /** What is asked after each start and reload to see that the application answers. @default "/" */
  proofPath?: string;
  /** Host name in that request: one that the application allows. @default "localhost" */
  proofHost?: string;
  /** What must be there before uWSGI is compiled: Python, pip and a compiler. */
  dependsOn?: readonly pulumi.Resource[];
}

/**
 * uWSGI, which runs the application: the program, and its service.
 *
 * The constructor installs the program; {@link UwsgiService.serve} makes the service, which needs
 * the application's release and virtualenv. Its files may be handed to the deployment of the release
 * ({@link UwsgiService.handOverFiles}), so that both change, are proven, and go back as one.
 */
export class UwsgiService extends HostComponent {
  /** Installs uWSGI; what runs it, such as the test of a release, depends on it. */
  readonly install: remote.Command;
  /** Where nginx passes requests to. */
  readonly socket: string;
  /** Seconds that a request may take. */
  readonly harakiriSeconds: number;
  readonly log: string;
  readonly user: string;
  readonly group: string;
  /** Shell lines for logrotate's postrotate. */
  readonly reopensLog: string;

  private readonly host: Host;
  private readonly view: UwsgiView;
  private command: remote.Command | undefined;
  private keepsFiles = true;

  constructor(name: string, args: UwsgiServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("UwsgiService", name, opts);
    this.host = args.host;
    this.view = complete(args);
    checkUwsgi(this.view);
    this.socket = this.view.socket;
    this.harakiriSeconds = this.view.harakiriSeconds;
    this.log = this.view.log;
    this.user = this.view.user;
    this.group = this.view.group;
    this.reopensLog = uwsgiReopensLog(this.view);

    this.install = args.host.converge(
      `${name}-program`,
      {
        subsystem: "pip",
        entries: [
          {
            kind: "pip-package",
            name: "uwsgi",
            version: this.view.version,
            interpreter: this.view.interpreter,
            program: "uwsgi",
          },
        ],
      },
      { parent: this, dependsOn: [...(args.dependsOn ?? [])] },
    );
    this.registerOutputs({ socket: this.socket });
  }

  /**
   * The files of the service (options, unit and what belongs to them), for the manifest that they are
   * applied with from now on; {@link serve} makes the rest.
   *
   * @throws Error when they were handed over already, or are applied by {@link serve}
   */
  handOverFiles(): ManifestEntry[] {
    if (!this.keepsFiles || this.command !== undefined) {
      throw new Error("the service's files have one owner: hand them over once, before serve()");
    }
    this.keepsFiles = false;
    return this.files();
  }

  /**
   * Makes the service, enabled and running; called once.
   *
   * @param dependsOn what brings the application's release and virtualenv
   */
  serve(dependsOn: readonly pulumi.Resource[] = []): remote.Command {
    this.command ??= this.host.converge(
      this.name,
      { subsystem: "uwsgi", entries: this.entries() },
      { parent: this, dependsOn: [this.install, ...dependsOn] },
    );
    return this.command;
  }

  private files(): ManifestEntry[] {
    const { view } = this;
    const paths = uwsgiPaths(view.application, view.log);
    return [
      { kind: "directory", path: "/etc/uwsgi" },
      { kind: "file", path: paths.ini, content: renderUwsgiIni(view) },
      { kind: "file", path: paths.holdSocket, content: renderHoldSocket() },
      { kind: "file", path: paths.tmpfiles, content: renderUwsgiTmpfiles(view) },
      { kind: "file", path: paths.unit, content: renderUwsgiUnit(view) },
      // Another's drop-ins would change our unit; what they do is a setting of ours.
      { kind: "absent", path: `${paths.unit}.d` },
      // service(8) would take another's script rather than the unit.
      { kind: "absent", path: "/etc/init.d/uwsgi" },
    ];
  }

  private entries(): ManifestEntry[] {
    return [
      ...(this.keepsFiles ? this.files() : []),
      // httpd_t, as nginx runs, may connect to no port of an application by itself.
      { kind: "selinux-boolean", name: "httpd_can_network_connect", value: "on" },
      ...logContext(this.log),
      { kind: "service", name: "uwsgi" },
    ];
  }
}

/** Below /var/log the policy knows logs for what they are; elsewhere logrotate might not touch them. */
function logContext(log: string): ManifestEntry[] {
  if (log.startsWith("/var/log/")) return [];
  const pattern = `${literally(log.replace(/\.log$/, ""))}\\..*`;
  return [{ kind: "selinux-context", type: "var_log_t", pattern }];
}

function complete(args: UwsgiServiceArgs): UwsgiView {
  const application = args.application ?? "tracks";
  const user = args.user ?? "deployer";
  const { current } = applicationPaths(args.siteRoot ?? defaultSiteRoot, application);
  const directory = args.directory ?? current;
  return {
    application,
    version: args.version ?? "2.0.31",
    interpreter: args.interpreter ?? "/usr/bin/python3",
    binary: args.binary ?? installedUwsgi,
    user,
    group: args.group ?? primaryGroupOf(user),
    directory,
    wsgiFile: args.wsgiFile ?? `${directory}/${application}/wsgi.py`,
    virtualenv: args.virtualenv ?? virtualenvPaths(`/home/${user}`).current,
    socket: args.socket ?? "127.0.0.1:8001",
    stats: args.stats ?? "127.0.0.1:9191",
    processes: args.processes ?? 16,
    harakiriSeconds: args.harakiriSeconds ?? 30,
    bufferSize: args.bufferSize ?? 32768,
    listenQueue: args.listenQueue ?? 128,
    log: args.log ?? "/var/log/uwsgi.log",
    pidFile: args.pidFile ?? "/var/run/uwsgi/uwsgi.pid",
    environment: {
      ...(args.production ? { PRODUCTION: "1" } : {}),
      LANG: hostLocale,
      ...args.environment,
    },
    options: args.options ?? [],
    startsAfter: args.startsAfter ?? [],
    proof: { path: args.proofPath ?? "/", host: args.proofHost ?? "localhost" },
  };
}
