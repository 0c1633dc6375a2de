/** uWSGI fills in %, $( and @( in a value; a line ends it. */
const magic = /[%\n\r\0]|\$\(|@\(/;

/** Options that have a setting of their own, or that the deployment relies on. */
const reserved = new Map(
  Object.entries({
    socket: "socket",
    "uwsgi-socket": "socket",
    stats: "stats",
    processes: "processes",
    workers: "processes",
    harakiri: "harakiriSeconds",
    "buffer-size": "bufferSize",
    listen: "listenQueue",
    chdir: "directory",
    "wsgi-file": "wsgiFile",
    home: "virtualenv",
    virtualenv: "virtualenv",
    venv: "virtualenv",
    uid: "user",
    gid: "group",
    logto: "log",
    logto2: "log",
    pidfile: "pidFile",
    env: "environment",
    daemonize: "nothing: systemd keeps the service",
    daemonize2: "nothing: systemd keeps the service",
    http: "nothing: only nginx talks to the world",
    "http-socket": "nothing: only nginx talks to the world",
  }),
);

/** Options that change a process's command line. */
const renaming = /^(auto-)?procname(-|$)/;

/** Does a variable's value hold what uWSGI would fill in, or a line's end? */
export function isFilledIn(value: string): boolean {
  return magic.test(value);
}

/** What there is in place of an option that may not be given freely; undefined for one that may. */
export function reservedOption(option: string): string | undefined {
  const key = optionName(option);
  if (key === undefined) return undefined;
  return renaming.test(key)
    ? "nothing: the deployment knows uWSGI's processes by their command line"
    : reserved.get(key);
}

/** The name in a line `OPTION = VALUE`; undefined where it is no such line. */
export function optionName(option: string): string | undefined {
  return /[\n\r\0]/.test(option) ? undefined : /^([a-z0-9-]+) *= *\S/.exec(option)?.[1];
}
