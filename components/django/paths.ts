/** Paths of an application on its host; all but `current` exist before its first release. */
export interface ApplicationPaths {
  /** The link to the current release, such as `/microarray/tracks`. */
  readonly current: string;
  /** Target of that link when the release of that name is current, relative to the site's root. */
  readonly target: (release: string) => string;
  /** Folder of its releases, side by side. */
  readonly releases: string;
  /** Folder of what outlives a release: sqlite file, uploads, secret key and local settings. */
  readonly shared: string;
  /** Uploads. */
  readonly media: string;
  /** Static files of the current release. */
  readonly staticFiles: string;
  readonly backups: string;
}

/**
 * @param siteRoot directory for everything of the site, such as `/microarray`
 * @param app name of the application, which is the site's too
 */
export function applicationPaths(siteRoot: string, app: string): ApplicationPaths {
  const current = `${siteRoot}/${app}`;
  const shared = `${siteRoot}/shared/${app}`;
  return {
    current,
    target: (release) => `releases/${app}/${release}`,
    releases: `${siteRoot}/releases/${app}`,
    shared,
    media: `${shared}/media`,
    staticFiles: `${current}/staticfiles`,
    backups: `${siteRoot}/backups/${app}`,
  };
}

/** Paths of the user's virtualenvs. */
export interface VirtualenvPaths {
  /** The link to the current one. */
  readonly current: string;
  /** Folder of all of them, side by side. */
  readonly all: string;
}

/** @param home of the user, such as `/home/deployer` */
export function virtualenvPaths(home: string): VirtualenvPaths {
  return { current: `${home}/venv`, all: `${home}/venvs` };
}

/** Default path, in an application's source, of the file that uWSGI loads. */
export function defaultWsgi(app: string): string {
  return `${app}/wsgi.py`;
}
