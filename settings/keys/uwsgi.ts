import { uwsgiArguments } from "../../components/args/Uwsgi";
import { listOf, text } from "../../host/manifest/value";
import { settingsOf, withDefault } from "../key";
import { recordOf } from "../record";

const uwsgi = settingsOf("Uwsgi", uwsgiArguments);

/** The service that runs the application. */
export const uwsgiKeys = {
  uwsgiVersion: uwsgi.setting("version", {
    meaning: "Version of uWSGI, which pip installs for the system's python.",
    example: "2.0.31",
  }),
  uwsgiSocket: uwsgi.setting("socket", {
    meaning: "Where nginx reaches the workers (`--socket`).",
    example: "127.0.0.1:8001",
  }),
  uwsgiProcesses: uwsgi.setting("processes", {
    meaning: "Workers (`-p`).",
    example: "16",
  }),
  uwsgiHarakiriSeconds: uwsgi.setting("harakiriSeconds", {
    meaning: "A request that takes longer is ended with its worker (`-t`).",
    example: "30",
  }),
  uwsgiBufferSize: uwsgi.setting("bufferSize", {
    meaning: "Largest request header (`-b`).",
    example: "32768",
  }),
  uwsgiListenQueue: uwsgi.setting("listenQueue", {
    meaning:
      "Requests that may wait for a worker (`-l`); no more than the kernel's net.core.somaxconn, which is 128 on older hosts.",
    example: "1024",
  }),
  uwsgiStats: uwsgi.setting("stats", {
    meaning: "Where uWSGI tells its statistics, to this host only (`--stats`).",
    example: "127.0.0.1:9191",
  }),
  uwsgiLog: uwsgi.setting("log", {
    meaning: "uWSGI's log, which the deployer owns.",
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
      listOf(text("`NAME=VALUE`", /^(?!PRODUCTION=)[A-Z_][A-Z0-9_]*=\P{Cc}*$/u), "variables"),
      "=",
    ),
    {},
    {
      component: "Uwsgi",
      argument: "environment",
      becomes: "`{ NAME: VALUE }`",
      meaning:
        "Variables of the application's environment, which has no others; no secret, since they can be read on the host. PRODUCTION is `production`'s.",
      example: "TZ=Europe/Berlin",
    },
  ),
  uwsgiOptions: uwsgi.setting("options", {
    meaning: "Options of uWSGI beside those above, as they stand in its ini file.",
    example: "max-requests = 5000",
  }),
};
