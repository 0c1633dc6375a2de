import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/Host";
import { HostComponent } from "../host/HostComponent";
import {
  type ManifestEntry,
  primaryGroupOf,
  type ResourceManifest,
} from "../host/manifest/manifest";
import {
  hostLocale,
  installedUwsgi,
  renderHoldSocket,
  renderUwsgiIni,
  renderUwsgiTmpfiles,
  renderUwsgiUnit,
  uwsgiPaths,
  uwsgiReopensLog,
  type UwsgiView,
} from "../templates/uwsgi";
import { applicationPaths, defaultSiteRoot, virtualenvPaths } from "./django/paths";
import { refuseArguments } from "./ArgumentsError";
import type { LogRotation } from "./Logrotate";
import { uwsgiErrors } from "./uwsgi/errors";
import { plainValues, whenKnown } from "./whenKnown";

/** Inputs of {@link Uwsgi}. */
export interface UwsgiArgs {
  host: Host;
  /** Name of the application: of its link below the site's root, and of its ini file. @default "tracks" */
  application?: string;
  /** Version of uWSGI. @default "2.0.31" */
  version?: pulumi.Input<string>;
  /** The system's Python whose pip installs uWSGI, and that it embeds. @default "/usr/bin/python3" */
  interpreter?: string;
  /** The `uwsgi` program. @default the one that pip installed, by the path in pip's own record */
  binary?: string;
  /** Login that the workers run as. @default "deployer" */
  user?: string;
  /** Home of that login. @default "/home/USER" */
  home?: string;
  /** Group of the workers: with a user alone it would stay root's. @default the user's primary group */
  group?: string;
  /** Directory below which the application's link stands. @default "/microarray" */
  siteRoot?: string;
  /** Working directory, which enters sys.path; resolved at each (re)load. @default "SITEROOT/APPLICATION" */
  directory?: string;
  /** The application's WSGI file; resolved at each (re)load. @default "DIRECTORY/APPLICATION/wsgi.py" */
  wsgiFile?: string;
  /** The application's virtualenv; resolved at each (re)load. @default "HOME/venv" */
  virtualenv?: string;
  /** Where nginx passes requests to, on this machine only. @default "127.0.0.1:8001" */
  socket?: pulumi.Input<string>;
  /** Where uWSGI tells its counters, on this machine only. @default "127.0.0.1:9191" */
  stats?: pulumi.Input<string>;
  /** Workers. @default 16 */
  processes?: pulumi.Input<number>;
  /** Seconds that a request may take. @default 30 */
  harakiriSeconds?: pulumi.Input<number>;
  /** Bytes that a request's line and headers may take. @default 32768 */
  bufferSize?: pulumi.Input<number>;
  /** Requests that may wait for a worker; at most the kernel's net.core.somaxconn. @default 128 */
  listenQueue?: pulumi.Input<number>;
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
  environment?: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>>;
  /** Further options of uWSGI, each a line `key = value`. @default none */
  options?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /**
   * Services of the same host that are started first at boot, such as the database's: names without
   * `.service`. One that the host lacks does no harm.
   *
   * @default none
   */
  startsAfter?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /** What is asked after each start and reload to see that the application answers. @default "/" */
  proofPath?: pulumi.Input<string>;
  /** Host name in that request: one that the application allows. @default "localhost" */
  proofHost?: pulumi.Input<string>;
}

/**
 * uWSGI, which runs the application: the program, and how it is set up.
 *
 * It installs the program; {@link UwsgiService} is the service that runs it. A {@link DjangoApp} that is
 * given it brings the service's files with each release, so that both change, are proven, and go back as one.
 */
export class Uwsgi extends HostComponent {
  /** Installs uWSGI; what runs it, such as the test of a release, depends on it. */
  readonly install: remote.Command;
  /** Where nginx passes requests to. */
  readonly socket: pulumi.Output<string>;
  /** Seconds that a request may take. */
  readonly harakiriSeconds: pulumi.Output<number>;
  readonly log: string;
  /** How its log is rotated: arguments of {@link Logrotate}. */
  readonly rotation: LogRotation;
  /** Files of the service: options, unit and what belongs to them. */
  readonly files: pulumi.Input<readonly ManifestEntry[]>;

  constructor(name: string, args: UwsgiArgs, opts?: pulumi.ComponentResourceOptions) {
    super({ type: "Uwsgi", partOf: "UwsgiService" }, name, opts);
    const { host, ...values } = args;
    // What is plain is refused here, where it was written; the rest when it is known.
    const check = (view: UwsgiView): UwsgiView => {
      refuseArguments(`Uwsgi "${name}"`, uwsgiErrors(view));
      return view;
    };
    check(complete(plainValues(values)));
    const { application, group, interpreter, log, user } = names(values);
    this.log = log;
    this.rotation = {
      file: "uwsgi",
      logs: [log],
      createOwner: user,
      createGroup: group,
      postrotate: uwsgiReopensLog({ application, log, user }),
    };
    const view = whenKnown(values, (known) => check(complete(known)));
    this.socket = pulumi.output(view).socket;
    this.harakiriSeconds = pulumi.output(view).harakiriSeconds;
    this.files = whenKnown({ view }, (known) => files(known.view));

    const program = whenKnown({ view }, ({ view: { version } }): ResourceManifest => ({
      subsystem: "pip",
      entries: [{ kind: "pip-package", name: "uwsgi", version, interpreter, program: "uwsgi" }],
    }));
    this.install = host.converge(`${name}-program`, program, { parent: this });
    this.registerOutputs({ socket: this.socket });
  }
}

function files(view: UwsgiView): ManifestEntry[] {
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

type UwsgiInputs = Omit<UwsgiArgs, "host">;
type UwsgiValues = pulumi.Unwrap<UwsgiInputs>;

/** What names something on the host: it is known when the program is written. */
function names(args: UwsgiInputs | Partial<UwsgiValues>) {
  const application = args.application ?? "tracks";
  const user = args.user ?? "deployer";
  const { current } = applicationPaths(args.siteRoot ?? defaultSiteRoot, application);
  const directory = args.directory ?? current;
  return {
    application,
    interpreter: args.interpreter ?? "/usr/bin/python3",
    user,
    group: args.group ?? primaryGroupOf(user),
    directory,
    wsgiFile: args.wsgiFile ?? `${directory}/${application}/wsgi.py`,
    virtualenv: args.virtualenv ?? virtualenvPaths(args.home ?? `/home/${user}`).current,
    log: args.log ?? "/var/log/uwsgi.log",
    pidFile: args.pidFile ?? "/var/run/uwsgi/uwsgi.pid",
  };
}

function complete(values: Partial<UwsgiValues>): UwsgiView {
  return {
    ...names(values),
    version: values.version ?? "2.0.31",
    binary: values.binary ?? installedUwsgi,
    socket: values.socket ?? "127.0.0.1:8001",
    stats: values.stats ?? "127.0.0.1:9191",
    processes: values.processes ?? 16,
    harakiriSeconds: values.harakiriSeconds ?? 30,
    bufferSize: values.bufferSize ?? 32768,
    listenQueue: values.listenQueue ?? 128,
    environment: {
      ...(values.production ? { PRODUCTION: "1" } : {}),
      LANG: hostLocale,
      ...values.environment,
    },
    options: values.options ?? [],
    startsAfter: values.startsAfter ?? [],
    proof: { path: values.proofPath ?? "/", host: values.proofHost ?? "localhost" },
  };
}
