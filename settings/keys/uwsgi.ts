import { optional, withDefault } from "../key";
import { absolutePath, integer, listOf, loginName, loopbackAddress, text } from "../value";

/** The service that runs the application. */
export const uwsgiKeys = {
  uwsgiVersion: withDefault(text("a version, such as `2.0.31`", /^\d+(?:\.\d+){1,3}$/), "2.0.31", {
    component: "Uwsgi",
    argument: "version",
    meaning: "Version of uWSGI, which pip installs for the system's python.",
    example: "2.0.31",
  }),
  uwsgiSocket: withDefault(loopbackAddress, "127.0.0.1:8001", {
    component: "Uwsgi",
    argument: "socket",
    meaning: "Where nginx reaches the workers (`--socket`).",
    example: "127.0.0.1:8001",
  }),
  uwsgiProcesses: withDefault(integer("a number", 1, 1024), 16, {
    component: "Uwsgi",
    argument: "processes",
    meaning: "Workers (`-p`).",
    example: "16",
  }),
  uwsgiHarakiriSeconds: withDefault(integer("seconds", 1, 3600), 30, {
    component: "Uwsgi",
    argument: "harakiriSeconds",
    meaning: "A request that takes longer is ended with its worker (`-t`).",
    example: "30",
  }),
  uwsgiBufferSize: withDefault(integer("bytes", 4096, 65_535), 32_768, {
    component: "Uwsgi",
    argument: "bufferSize",
    meaning: "Largest request header (`-b`).",
    example: "32768",
  }),
  uwsgiListenQueue: withDefault(integer("requests", 1, 65_535), 128, {
    component: "Uwsgi",
    argument: "listenQueue",
    meaning:
      "Requests that may wait for a worker (`-l`); no more than the kernel's net.core.somaxconn, which is 128 on older hosts.",
    example: "1024",
  }),
  uwsgiStats: withDefault(loopbackAddress, "127.0.0.1:9191", {
    component: "Uwsgi",
    argument: "stats",
    meaning: "Where uWSGI tells its statistics, to this host only (`--stats`).",
    example: "127.0.0.1:9191",
  }),
  uwsgiLog: withDefault(absolutePath, "/var/log/uwsgi.log", {
    component: "Uwsgi",
    argument: "log",
    meaning: "uWSGI's log, which the deployer owns.",
    example: "/var/log/uwsgi.log",
  }),
  uwsgiPidFile: withDefault(
    text(
      "a file in a directory of its own below `/run` or `/var/run`",
      /^(?:\/var)?\/run(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._@+-]+){2}$/,
    ),
    "/var/run/uwsgi/uwsgi.pid",
    {
      component: "Uwsgi",
      argument: "pidFile",
      meaning: "File with the master's process id, in a directory of its own.",
      example: "/var/run/uwsgi/uwsgi.pid",
    },
  ),
  uwsgiGroup: optional(loginName, {
    component: "Uwsgi",
    argument: "group",
    meaning: "Group of the workers.",
    example: "deployer",
    fallbackText: "the primary group of `deployerUser`",
  }),
  uwsgiEnvironment: withDefault(
    listOf(text("`NAME=VALUE`", /^(?!PRODUCTION=)[A-Z_][A-Z0-9_]*=\P{Cc}*$/u), "variables"),
    [],
    {
      component: "Uwsgi",
      argument: "environment",
      meaning:
        "Variables of the application's environment, which has no others; no secret, since they can be read on the host. PRODUCTION is `production`'s.",
      example: "TZ=Europe/Berlin",
    },
  ),
  uwsgiOptions: withDefault(
    listOf(text("one line, `OPTION = VALUE`", /^[a-z][a-z0-9-]* *= *(?! )\P{Cc}+$/u), "lines", {
      repeats: true,
    }),
    [],
    {
      component: "Uwsgi",
      argument: "options",
      meaning: "Options of uWSGI beside those above, as they stand in its ini file.",
      example: "max-requests = 5000",
    },
  ),
};
