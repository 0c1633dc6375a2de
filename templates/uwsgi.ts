import { posix } from "node:path";
import { render } from "./render";

/** What the files of a uWSGI service depend on; see `UwsgiServiceArgs` for meaning and defaults. */
export interface UwsgiView {
  /** Who writes the file, for its first line: see `HostComponent.program`. */
  program: string;
  /** Name of the application, and of its ini file. */
  application: string;
  version: string;
  interpreter: string;
  /** The uwsgi program. */
  binary: string;
  user: string;
  group: string;
  directory: string;
  wsgiFile: string;
  virtualenv: string;
  socket: string;
  stats: string;
  processes: number;
  harakiriSeconds: number;
  bufferSize: number;
  listenQueue: number;
  log: string;
  pidFile: string;
  environment: Readonly<Record<string, string>>;
  options: readonly string[];
  /** Services of the host that are started first at boot. */
  startsAfter: readonly string[];
  /** What the deployment asks to see that the application answers. */
  proof: { path: string; host: string };
}

/** Where the files of the service stand on the host. */
export interface UwsgiPaths {
  ini: string;
  unit: string;
  tmpfiles: string;
  holdSocket: string;
  /** Touched when the log was rotated. */
  reopenFile: string;
}

/** The paths of an application's service. */
export function uwsgiPaths(application: string, log: string): UwsgiPaths {
  return {
    ini: `/etc/uwsgi/${application}.ini`,
    unit: "/etc/systemd/system/uwsgi.service",
    tmpfiles: "/etc/tmpfiles.d/uwsgi.conf",
    holdSocket: "/etc/uwsgi/hold_socket.py",
    // Beside the log: what confined logrotate may touch is what is labelled as a log.
    reopenFile: `${log.replace(/\.log$/, "")}.reopen`,
  };
}

/** Stands for the program that pip installed on the host, wherever its interpreter puts programs. */
export const installedUwsgi = "@@UWSGI@@";

/** Stands for a UTF-8 locale that the host has. */
export const hostLocale = "@@LOCALE@@";

/** Seconds that requests under way are waited for: a little more than one of them may take. */
export function mercySeconds(harakiriSeconds: number): number {
  return harakiriSeconds + 5;
}

/** The text of the ini file with uWSGI's options. */
export function renderUwsgiIni(view: UwsgiView): string {
  return render("uwsgi/application.ini.hbs", {
    ...view,
    ...uwsgiPaths(view.application, view.log),
    mercySeconds: mercySeconds(view.harakiriSeconds),
    environment: Object.entries(view.environment).map(([name, value]) => ({ name, value })),
  });
}

/** The text of the systemd unit. */
export function renderUwsgiUnit(view: UwsgiView): string {
  return render("uwsgi/uwsgi.service.hbs", {
    ...view,
    ...uwsgiPaths(view.application, view.log),
    stopSeconds: mercySeconds(view.harakiriSeconds) + 10,
  });
}

/** The text of the tmpfiles.d file: what must stand before the service starts, after each boot. */
export function renderUwsgiTmpfiles(view: UwsgiView): string {
  return render("uwsgi/tmpfiles.conf.hbs", {
    ...view,
    ...uwsgiPaths(view.application, view.log),
    // systemd's own name for it; the notes' /var/run is a link there.
    pidDirectory: posix.dirname(view.pidFile).replace(/^\/var\/run\//, "/run/"),
  });
}

/** The Python program that hands the listening socket to systemd. */
export function renderHoldSocket(view: { program: string }): string {
  return render("uwsgi/hold_socket.py.hbs", view);
}

/** Tells uWSGI to open its log anew, when it may; for logrotate's postrotate. */
export function uwsgiReopensLog(view: { application: string; log: string; user: string }): string {
  return render("uwsgi/reopen.sh.hbs", { ...view, ...uwsgiPaths(view.application, view.log) });
}
