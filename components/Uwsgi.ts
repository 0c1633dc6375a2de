import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { HostComponent } from "../host/HostComponent";
import {
  type ManifestEntry,
  primaryGroupOf,
  type ResourceManifest,
} from "../host/manifest/manifest";
import { transformFiles } from "../host/manifest/transform";
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
import { type Completed, withDefaults } from "./args/argument";
import { defaultHome } from "./args/LinuxUser";
import type { LogRotation } from "./args/Logrotate";
import { uwsgiArguments, type UwsgiArgs, uwsgiRules } from "./args/Uwsgi";
import { applicationPaths, defaultWsgi, virtualenvPaths } from "./django/paths";
import { checked } from "./whenKnown";

/**
 * uWSGI, which runs the application: its program and its configuration.
 *
 * It installs the program; {@link UwsgiService} is the service that runs it. A {@link DjangoApp} with this
 * component installs the service's files together with each release, and tests and takes back both as one.
 *
 * @example
 * ```ts
 * const uwsgi = new Uwsgi(
 *   "uwsgi",
 *   {
 *     host,
 *     application: "tracks",
 *     siteRoot: "/srv/tracks",
 *     user: deployer.user,
 *     production: true,
 *     startsAfter: database.services,
 *   },
 *   { dependsOn: packages },
 * );
 * ```
 */
export class Uwsgi extends HostComponent {
  /** Installs uWSGI: resources that run it, such as the test of a release, depend on it. */
  readonly install: remote.Command;
  /** Address to which nginx passes requests. */
  readonly socket: pulumi.Output<string>;
  /** Seconds after which uWSGI ends a request. */
  readonly harakiriSeconds: pulumi.Output<number>;
  /** Path of uWSGI's log. */
  readonly log: string;
  /** Arguments of the {@link Logrotate} for uWSGI's log. */
  readonly rotation: LogRotation;
  /** Files of the service: its options, its unit and what these need. */
  readonly files: pulumi.Input<readonly ManifestEntry[]>;

  constructor(name: string, args: UwsgiArgs, opts?: pulumi.ComponentResourceOptions) {
    const { host, transform, ...values } = withDefaults(uwsgiArguments, args);
    const { application, user, interpreter, log } = values;
    super(
      { type: "Uwsgi", partOf: "UwsgiService", transform },
      name,
      { application, user, socket: values.socket },
      opts,
    );
    const whenKnown = checked(this.title, uwsgiArguments, values, uwsgiRules);
    const names = namesOf(values);
    this.socket = pulumi.output(whenKnown(({ socket }) => socket));
    this.harakiriSeconds = pulumi.output(whenKnown(({ harakiriSeconds }) => harakiriSeconds));
    this.log = log;
    this.rotation = {
      file: "uwsgi",
      logs: [log],
      createOwner: user,
      createGroup: names.group,
      postrotate: uwsgiReopensLog({ application, log, user }),
    };
    this.files = whenKnown((known) =>
      transformFiles(files(viewOf(known, names, this.program)), transform),
    );
    const program = whenKnown(({ version }): ResourceManifest => ({
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
    { kind: "file", path: paths.holdSocket, content: renderHoldSocket(view) },
    { kind: "file", path: paths.tmpfiles, content: renderUwsgiTmpfiles(view) },
    { kind: "file", path: paths.unit, content: renderUwsgiUnit(view) },
    // Drop-ins would change the unit; the component has arguments for that.
    { kind: "absent", path: `${paths.unit}.d` },
    // service(8) would prefer an init script to the unit.
    { kind: "absent", path: "/etc/init.d/uwsgi" },
  ];
}

type Inputs = Completed<Omit<UwsgiArgs, "host" | "transform">, typeof uwsgiArguments>;

/** Names and paths on the host, which are plain values. */
function namesOf(args: Inputs) {
  const { application, siteRoot, user } = args;
  const directory = args.directory ?? applicationPaths(siteRoot, application).current;
  return {
    binary: args.binary ?? installedUwsgi,
    group: args.group ?? primaryGroupOf(user),
    directory,
    wsgiFile: `${directory}/${args.wsgi ?? defaultWsgi(application)}`,
    virtualenv: args.virtualenv ?? virtualenvPaths(args.home ?? defaultHome(user)).current,
  };
}

function viewOf(
  values: pulumi.Unwrap<Inputs>,
  names: ReturnType<typeof namesOf>,
  program: string,
): UwsgiView {
  return {
    program,
    ...values,
    ...names,
    environment: {
      ...(values.production ? { PRODUCTION: "1" } : {}),
      LANG: hostLocale,
      ...values.environment,
    },
    proof: { path: values.proofPath, host: values.proofHost },
  };
}
