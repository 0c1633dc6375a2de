import { posix } from "node:path";
import { render } from "./render";

/** Values in the files of a uWSGI service; see `UwsgiServiceArgs` for their meaning and defaults. */
export interface UwsgiView {
  /** Name of the program, for the first line of the file: see `HostComponent.program`. */
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
  /** Request with which the deployment checks that the application answers. */
  proof: { path: string; host: string };
}

/** Paths of the service's files on the host. */
export interface UwsgiPaths {
  ini: string;
  unit: string;
  tmpfiles: string;
  holdSocket: string;
  /** logrotate touches this file after it has rotated the log. */
  reopenFile: string;
}

/** The paths of an application's service. */
export function uwsgiPaths(application: string, log: string): UwsgiPaths {
  return {
    ini: `/etc/uwsgi/${application}.ini`,
    unit: "/etc/systemd/system/uwsgi.service",
    tmpfiles: "/etc/tmpfiles.d/uwsgi.conf",
    holdSocket: "/etc/uwsgi/hold_socket.py",
    // Next to the log: under SELinux, logrotate may touch only files with the label of logs.
    reopenFile: `${log.replace(/\.log$/, "")}.reopen`,
  };
}

/** Placeholder for the program that pip installed on the host, wherever its interpreter puts programs. */
export const installedUwsgi = "@@UWSGI@@";

/** Placeholder for a UTF-8 locale that the host has. */
export const hostLocale = "@@LOCALE@@";

/** Seconds to wait for requests under way: a little more than one of them may take. */
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

/** The text of the tmpfiles.d file: what must exist before the service starts, after each boot. */
export function renderUwsgiTmpfiles(view: UwsgiView): string {
  return render("uwsgi/tmpfiles.conf.hbs", {
    ...view,
    ...uwsgiPaths(view.application, view.log),
    // systemd's own name for it; /var/run, as in the notes, is a link to /run.
    pidDirectory: posix.dirname(view.pidFile).replace(/^\/var\/run\//, "/run/"),
  });
}

/** The Python program that hands the listening socket to systemd. */
export function renderHoldSocket(view: { program: string }): string {
  return render("uwsgi/hold_socket.py.hbs", view);
}

/** Makes uWSGI open its log again, if it can write to the new one; for logrotate's postrotate. */
export function uwsgiReopensLog(view: { application: string; log: string; user: string }): string {
  return render("uwsgi/reopen.sh.hbs", { ...view, ...uwsgiPaths(view.application, view.log) });
}
