/** uWSGI replaces %, $( and @( in a value; a line break ends it. */
const magic = /[%\n\r\0]|\$\(|@\(/;

/** Arguments that set an option, by the option's name. */
const argumentsOfOptions = new Map(
  Object.entries({
    socket: "Uwsgi.socket",
    "uwsgi-socket": "Uwsgi.socket",
    stats: "Uwsgi.stats",
    processes: "Uwsgi.processes",
    workers: "Uwsgi.processes",
    harakiri: "Uwsgi.harakiriSeconds",
    "buffer-size": "Uwsgi.bufferSize",
    listen: "Uwsgi.listenQueue",
    chdir: "Uwsgi.directory",
    "wsgi-file": "Uwsgi.wsgi",
    home: "Uwsgi.virtualenv",
    virtualenv: "Uwsgi.virtualenv",
    venv: "Uwsgi.virtualenv",
    uid: "Uwsgi.user",
    gid: "Uwsgi.group",
    logto: "Uwsgi.log",
    logto2: "Uwsgi.log",
    pidfile: "Uwsgi.pidFile",
    env: "Uwsgi.environment",
  }),
);

/** Options that the deployment relies on, and why. */
const reserved = new Map(
  Object.entries({
    daemonize: "systemd keeps the service",
    daemonize2: "systemd keeps the service",
    http: "only nginx talks to the world",
    "http-socket": "only nginx talks to the world",
  }),
);

/** Options that change the command line of a process. */
const renaming = /^(auto-)?procname(-|$)/;

/** Whether uWSGI would change a variable's value, or end it at a line break. */
export function isFilledIn(value: string): boolean {
  return magic.test(value);
}

/** Why an option, a line `OPTION = VALUE`, is not allowed; undefined for one that is. */
export function reservedOption(option: string): string | undefined {
  const name = /^([a-z0-9-]+) *= *\S/.exec(option)?.[1];
  if (name === undefined) return undefined;
  if (renaming.test(name)) return "the deployment knows uWSGI's processes by their command line";
  const argument = argumentsOfOptions.get(name);
  return argument === undefined ? reserved.get(name) : `${argument} sets this one`;
}
