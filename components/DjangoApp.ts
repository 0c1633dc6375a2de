import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { virtualenvName } from "../host/manifest/application";
import { HostComponent } from "../host/HostComponent";
import { databaseTimeoutSeconds } from "../host/Host";
import type { ResourceManifest, ManifestEntry } from "../host/manifest/manifest";
import { subtree } from "../host/manifest/subtree";
import { renderLocalSettings, renderProductionProfile } from "../templates/django";
import { type Completed, withDefaults } from "./args/argument";
import {
  type ApplicationDatabase,
  type DjangoAppArgs,
  djangoAppArguments,
  djangoAppRules,
} from "./args/DjangoApp";
import { defaultHome } from "./args/LinuxUser";
import { gitKeys } from "./django/git";
import {
  type ApplicationPaths,
  applicationPaths,
  defaultWsgi,
  virtualenvPaths,
} from "./django/paths";
import type { Uwsgi } from "./Uwsgi";
import { checked, type Use, whenKnown } from "./whenKnown";

/**
 * A Django application: its source and virtualenv as one of several releases, its local settings,
 * its database's schema, and the link that makes one release the current one.
 *
 * Database, uploads, secret key and backups stay on destroy.
 *
 * @example
 * ```ts
 * const app = new DjangoApp("app", {
 *   host,
 *   app: "tracks",
 *   siteRoot: "/srv/tracks",
 *   user: deployer.user,
 *   source: { kind: "folder", archive },
 *   production: true,
 *   allowedHosts: ["tracks.example.org"],
 *   postgresql: database.connection,
 *   uwsgi,
 *   nginx,
 * });
 * ```
 */
export class DjangoApp extends HostComponent {
  /** Name of the live release: the first twelve characters of its commit or its archive's digest. */
  readonly release: pulumi.Output<string>;
  /** Login that owns the application and runs it. */
  readonly user: string;
  /** Whether PRODUCTION=1 is in the application's environment. */
  readonly production: boolean;
  /** Path of the link to the current release, such as `/microarray/tracks`. */
  readonly current: string;
  /** Path of the link to the current virtualenv. */
  readonly virtualenv: string;
  /** Path of the file that uWSGI loads, through the link. */
  readonly wsgi: string;
  /** Directory of what outlives releases. */
  readonly shared: string;
  /** Directory of the backups. */
  readonly backups: string;
  /** Identifies its database. */
  readonly database: string;
  /** Creates the directories that must exist before the deployment. */
  readonly directories: remote.Command;
  /** Writes the local settings and the secret key. */
  readonly settings: remote.Command;
  /** Runs the application; the deployment installs its files. */
  readonly uwsgi: Uwsgi | undefined;
  /** Deploys the release: resources that need the application on the host depend on it. */
  readonly command: remote.Command;

  private readonly args: Args;
  private readonly whenKnown: Use<ReturnType<typeof valuesOf>>;
  private readonly paths: ApplicationPaths;
  private readonly virtualenvs: string;
  /** Paths of the source, relative to it. */
  private readonly wsgiFile: string;
  private readonly localSettings: string;

  constructor(name: string, args: DjangoAppArgs, opts?: pulumi.ComponentResourceOptions) {
    const { app, siteRoot, user, production, postgresql, uwsgi, host, nginx } = args;
    super(
      { type: "DjangoApp", transform: args.transform },
      name,
      { app, siteRoot, user, production },
      opts,
    );
    this.args = withDefaults(djangoAppArguments, args);
    this.whenKnown = checked(this.title, djangoAppArguments, valuesOf(this.args), djangoAppRules);
    this.uwsgi = uwsgi;
    this.user = user;
    this.production = production;
    this.paths = applicationPaths(siteRoot, app);
    this.shared = this.paths.shared;
    this.backups = this.paths.backups;
    this.current = this.paths.current;
    this.database = postgresql ? nameOf(postgresql) : this.sqliteFile;
    const virtualenvs = virtualenvPaths(args.home ?? defaultHome(user));
    this.virtualenvs = virtualenvs.all;
    this.virtualenv = virtualenvs.current;
    this.wsgiFile = args.wsgi ?? defaultWsgi(app);
    this.localSettings = args.localSettings ?? `${app}/settings/local.py`;
    this.wsgi = `${this.current}/${this.wsgiFile}`;

    this.directories = host.converge(
      `${name}-directories`,
      { subsystem: "none", entries: [...this.directoryEntries(), ...this.profileEntries()] },
      { parent: this },
    );
    this.settings = this.registerSettings();
    const source = this.registerSource();
    this.command = host.converge(name, this.deployment(source.release), {
      parent: this,
      dependsOn: [
        source.command,
        this.settings,
        ...(uwsgi ? [uwsgi.install] : []),
        ...(nginx ? [nginx.command] : []),
      ],
      timeoutSeconds: databaseTimeoutSeconds,
    });
    // Known only after the command: when that fails, the output keeps the name of the live release.
    this.release = pulumi.all([source.release, this.command.id]).apply(([path]) => path.slice(-12));
    this.registerOutputs({ release: this.release, backups: this.backups });
  }

  private get sqliteFile(): string {
    return `${this.shared}/db.sqlite3`;
  }

  private get secretKeyFile(): string {
    return `${this.shared}/secret_key`;
  }

  private directoryEntries(): ManifestEntry[] {
    const { paths, args } = this;
    const own = (path: string, mode = "0755"): ManifestEntry => ({
      kind: "directory",
      path,
      owner: args.user,
      mode,
    });
    const served = { context: "httpd_sys_content_t" };
    return [
      ...["", "/releases", "/shared", "/backups"].map((below): ManifestEntry => ({
        kind: "directory",
        path: `${args.siteRoot}${below}`,
      })),
      // nginx reads static files from the releases, and uploads.
      ...[paths.releases, paths.media].flatMap((path): ManifestEntry[] => [
        { kind: "selinux-context", type: served.context, pattern: subtree(path) },
        { kind: "directory", path, owner: args.user, ...served },
      ]),
      // nginx passes through it to the uploads; other users can't list its content.
      own(paths.shared, "0711"),
      own(paths.backups, "0700"),
      own(this.virtualenvs),
    ];
  }

  private profileEntries(): ManifestEntry[] {
    if (!this.args.production) return [];
    const { user } = this.args;
    return (["sh", "csh"] as const).map((shell) => ({
      kind: "file",
      path: `/etc/profile.d/${this.args.app}-production.${shell}`,
      content: renderProductionProfile({ program: this.program, user, shell }),
    }));
  }

  private registerSettings(): remote.Command {
    const { args, shared } = this;
    const { postgresql } = args;
    const ca = { path: `${shared}/postgresql-ca.pem`, content: postgresql?.authorities };
    const secrets = { password: postgresql?.password ?? "", secretKey: args.secretKey };
    const manifest = whenKnown(secrets, ({ password, secretKey }): ResourceManifest => ({
      subsystem: "settings",
      entries: [
        { kind: "secret-key", path: this.secretKeyFile, owner: args.user },
        ...(ca.content === undefined
          ? []
          : [
              {
                kind: "file",
                path: ca.path,
                owner: args.user,
                mode: "0444",
                content: ca.content,
              } as const,
            ]),
        {
          kind: "file",
          path: `${shared}/local.py`,
          owner: args.user,
          mode: "0400",
          secret: true,
          content: renderLocalSettings({
            program: this.program,
            link: this.localSettings,
            ...(postgresql && {
              postgresql: {
                ...postgresql,
                password,
                sslrootcert: ca.content === undefined ? undefined : ca.path,
              },
            }),
            sqlite: this.sqliteFile,
            ...(secretKey !== undefined && { secretKey }),
            secretKeyFile: this.secretKeyFile,
            allowedHosts: args.allowedHosts,
            mediaRoot: this.paths.media,
          }),
        },
      ],
    }));
    return args.host.converge(`${this.name}-settings`, manifest, {
      parent: this,
      dependsOn: [this.directories, ...(postgresql?.dependsOn ?? [])],
    });
  }

  /** Fetches release and virtualenv; it needs neither database nor uWSGI, so it runs in parallel to them. */
  private registerSource(): { command: remote.Command; release: pulumi.Input<string> } {
    const { args, directories } = this;
    const { source } = args;
    const name = `${this.name}-source`;
    const options = { parent: this, dependsOn: [directories] };
    const manifest = (release: ManifestEntry, ...login: ManifestEntry[]): ResourceManifest => ({
      subsystem: "source",
      entries: [release, this.virtualenvEntry(), ...login],
    });
    const shared = {
      kind: "release",
      owner: args.user,
      wsgi: this.wsgiFile,
      requirements: args.requirements,
    } as const;

    if (source.kind === "folder") {
      const path = this.releasePath(source.archive.sha256);
      const { resource, ...archive } = args.host.copy(`${this.name}-archive`, source.archive, {
        parent: this,
        consumer: name,
        // Releases elsewhere must be unpacked again, from an archive that the host already took.
        purpose: this.paths.releases,
      });
      return {
        release: path,
        command: args.host.converge(
          name,
          manifest({ ...shared, path, source: { kind: "archive", ...archive } }),
          { ...options, dependsOn: [...options.dependsOn, resource] },
        ),
      };
    }
    const { url, hostKey, deployKey } = source;
    // Fetches nothing where a value is refused, such as a branch in place of the commit.
    const checkedCommit = pulumi
      .all([source.commit, this.whenKnown(() => true)])
      .apply(([commit]) => commit);
    const login = pulumi.output({ commit: checkedCommit, deployKey });
    return {
      release: checkedCommit.apply((commit) => this.releasePath(commit)),
      command: args.host.converge(
        name,
        login.apply(({ commit, deployKey }) =>
          manifest(
            { ...shared, path: this.releasePath(commit), source: { kind: "git", url, commit } },
            ...gitKeys({ user: args.user, hostKey, deployKey }),
          ),
        ),
        options,
      ),
    };
  }

  private deployment(
    release: pulumi.Input<string>,
  ): ResourceManifest | pulumi.Output<ResourceManifest> {
    const values = this.whenKnown((known) => known);
    const files = this.uwsgi?.files ?? [];
    return whenKnown({ release, files, values }, (known) =>
      this.manifest(known.release, known.files, known.values),
    );
  }

  private manifest(path: string, files: readonly ManifestEntry[], values: Known): ResourceManifest {
    const { args } = this;
    return {
      subsystem: "application",
      entries: [
        {
          kind: "application",
          path,
          owner: args.user,
          current: this.current,
          shared: this.shared,
          backups: this.backups,
          client: args.postgresqlBinaries,
          wsgi: this.wsgiFile,
          settings: this.localSettings,
          production: args.production,
          health: values.healthPath,
          // The list has at least one name.
          host: values.proofHost ?? values.allowedHosts[0] ?? "localhost",
          port: values.port,
          keep: values.keep,
          // Only the manifest shows a deployment that the database has no tables yet.
          database: args.postgresql === undefined ? undefined : this.database,
        },
        this.virtualenvEntry(),
        {
          kind: "symlink",
          path: this.current,
          target: this.paths.target(path.slice(-12)),
        },
        { kind: "symlink", path: this.virtualenv, target: virtualenvName },
        ...files,
      ],
    };
  }

  private virtualenvEntry(): ManifestEntry {
    const { args } = this;
    return {
      kind: "virtualenv",
      path: this.virtualenvs,
      python: args.interpreter,
      requirements: args.requirements,
      extra: args.extraRequirements,
      database: args.postgresql && "postgresql",
    };
  }

  private releasePath(digest: string): string {
    return `${this.paths.releases}/${digest.slice(0, 12)}`;
  }
}

type Args = Completed<DjangoAppArgs, typeof djangoAppArguments>;
type Value = Exclude<keyof typeof djangoAppArguments, `${string}.${string}`>;

/** The arguments that hold values: neither resources nor secrets. */
function valuesOf(args: Args) {
  const values = Object.entries(args).filter(([name]) => name in djangoAppArguments);
  const { source, postgresql } = args;
  return {
    ...(Object.fromEntries(values) as Pick<Args, Value>),
    postgresql: postgresql && {
      sslmode: postgresql.sslmode,
      authorities: postgresql.authorities,
    },
    // The archive has no rules; of a deploy key they only ask whether there is one.
    source:
      source.kind === "git"
        ? { ...source, deployKey: source.deployKey === undefined ? undefined : true }
        : undefined,
  };
}

type Known = pulumi.Unwrap<ReturnType<typeof valuesOf>>;

/** Identifies a database. */
function nameOf({ host, port, name, generation }: ApplicationDatabase): string {
  return [`${host}:${port}/${name}`, ...(generation === undefined ? [] : [generation])].join("#");
}
