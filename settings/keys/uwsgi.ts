import { uwsgiArguments } from "../../components/args/Uwsgi";
import { listOf, text } from "../../host/manifest/value";
import { settingsOf, withDefault } from "../key";
import { recordOf } from "../record";

const uwsgi = settingsOf("Uwsgi", uwsgiArguments);

/** The service that runs the application. */
export const uwsgiKeys = {
  uwsgiVersion: uwsgi.setting("version", {
    meaning: "Version of uWSGI, which the pip of `pythonInterpreter` installs.",
    example: "2.0.31",
  }),
  uwsgiSocket: uwsgi.setting("socket", {
    meaning: "Address of the workers, for nginx (`--socket`).",
    example: "127.0.0.1:8001",
  }),
  uwsgiProcesses: uwsgi.setting("processes", {
    meaning: "Number of workers (`-p`).",
    example: "16",
  }),
  uwsgiHarakiriSeconds: uwsgi.setting("harakiriSeconds", {
    meaning: "Seconds after which uWSGI ends a request, with its worker (`-t`).",
    example: "30",
  }),
  uwsgiBufferSize: uwsgi.setting("bufferSize", {
    meaning: "Largest request line together with its headers, in bytes (`-b`).",
    example: "32768",
  }),
  uwsgiListenQueue: uwsgi.setting("listenQueue", {
    meaning:
      "Requests that may wait for a worker (`-l`); no more than the kernel's net.core.somaxconn, which is 128 on older hosts.",
    example: "1024",
  }),
  uwsgiStats: uwsgi.setting("stats", {
    meaning: "Address of uWSGI's statistics, for this host only (`--stats`).",
    example: "127.0.0.1:9191",
  }),
  uwsgiLog: uwsgi.setting("log", {
    meaning: "Path of uWSGI's log, which the deployer owns.",
    example: "/var/log/uwsgi.log",
  }),
  uwsgiPidFile: uwsgi.setting("pidFile", {
    meaning: "File with the master's process id, in a directory of its own.",
    example: "/var/run/uwsgi/uwsgi.pid",
  }),
  uwsgiGroup: uwsgi.setting("group", {
    meaning: "Group of the workers.",
    example: "deployer",
    fallbackText: "the primary group of `deployerUser`",
  }),
  uwsgiEnvironment: withDefault(
    recordOf(
      listOf(text("`NAME=VALUE`", /^(?!PRODUCTION=)[A-Za-z_][A-Za-z0-9_]*=\P{Cc}*$/u), "variables"),
      "=",
    ),
    {},
    {
      component: "Uwsgi",
      argument: "environment",
      becomes: "`{ NAME: VALUE }`",
      meaning:
        "All variables of the application's environment, except PRODUCTION, which `production` sets, and LANG, which is a UTF-8 locale of the host unless it is here. Never a secret: other users of the host can read them.",
      example: "TZ=Europe/Berlin",
    },
  ),
  uwsgiOptions: uwsgi.setting("options", {
    meaning: "Further options of uWSGI, as lines of its ini file.",
    example: "max-requests = 5000",
  }),
};
