import { dataMigrationArguments } from "../../components/args/DataMigration";
import { djangoAppArguments } from "../../components/args/DjangoApp";
import { lines, listOf, text, yesOrNo } from "../../host/manifest/value";
import {
  gitReference,
  localPath,
  moduleName,
  password,
  publicKey,
  serverName,
} from "../../host/manifest/values";
import { optional, secret, settingsOf, withDefault } from "../key";
import { recordOf } from "../record";

const app = settingsOf("DjangoApp", djangoAppArguments);
const migration = settingsOf("DataMigration", dataMigrationArguments);

/** The Django application: its source, its packages, and the check that it works. */
export const applicationKeys = {
  production: withDefault(yesOrNo, true, {
    component: "DjangoApp",
    argument: "production",
    meaning:
      "Whether the application runs with PRODUCTION=1 and PostgreSQL. With `false` the variable does not exist, and the application uses its sqlite file.",
    example: "false",
  }),
  sourceFolder: optional(localPath, {
    component: "DjangoApp",
    argument: "source.archive",
    becomes: "a tar of the folder",
    meaning:
      "Folder on this machine with the application and its manage.py, without the files that git ignores. Relative to the repository.",
    example: "../tracks-site",
    fallbackText:
      "none: set this or `sourceUrl`, or there is no application, and the site is a static page",
  }),
  sourceUrl: app.setting("source.url", {
    meaning: "Git repository of the application, by a URL that the host can reach.",
    example: "https://github.com/metalhelix/tracks.git",
    fallbackText: "none: set this or `sourceFolder`",
  }),
  sourceRef: withDefault(gitReference, "main", {
    component: "DjangoApp",
    argument: "source.ref",
    becomes: "its commit, as `source.commit`",
    meaning:
      "Branch, tag or commit of `sourceUrl`. With a branch, `up` after a push deploys the new commit.",
    example: "v2.1",
  }),
  sourceDeployKey: secret(lines("a private key in OpenSSH or PEM format, without a passphrase"), {
    component: "DjangoApp",
    argument: "source.deployKey",
    meaning: "Private key that may read the git repository over SSH.",
    example: "...",
    needed: "where the repository asks for one",
    command: "pulumi config set --secret tracks:sourceDeployKey < ~/.ssh/tracks_deploy",
  }),
  sourceHostKey: optional(publicKey, {
    component: "DjangoApp",
    argument: "source.hostKey",
    becomes: "with the server that `sourceUrl` names",
    meaning: "Host key of the git server; without it the host does not connect.",
    example: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI...",
    needed: "where `sourceUrl` uses SSH",
  }),
  appPackage: withDefault(moduleName, "tracks", {
    component: "DjangoApp",
    argument: "wsgi",
    becomes: "the file `wsgi.py` of the package",
    meaning: "Python package of the Django project, with wsgi.py in it.",
    example: "tracks",
  }),
  settingsModule: optional(moduleName, {
    component: "DjangoApp",
    argument: "localSettings",
    becomes: "the file `local.py` of the package",
    meaning: "Module of Django's settings, a package: the deployment adds `local.py` to it.",
    example: "tracks.settings",
    fallbackText: "`appPackage` and `.settings`",
  }),
  pythonInterpreter: app.setting("interpreter", {
    meaning:
      "Python of the virtualenvs, for which uWSGI is compiled. For one in `/usr/bin` the deployment installs the packages of its name, such as `python3.11`, `python3.11-devel`, `python3.11-pip`.",
    example: "/usr/bin/python3.11",
  }),
  requirementsFile: app.setting("requirements", {
    meaning: "Requirements file of the application, in its source.",
    example: "requirements/production.txt",
  }),
  extraRequirements: app.setting("extraRequirements", {
    meaning:
      "Packages of the virtualenv in addition to those in `requirementsFile`. With PostgreSQL the deployment adds psycopg2, unless a driver (psycopg2, psycopg2-binary, psycopg, psycopg2cffi) is named here or in the requirements.",
    example: "sentry-sdk==2.19.2",
  }),
  djangoSecretKey: secret(password, {
    component: "DjangoApp",
    argument: "secretKey",
    meaning:
      "Django's SECRET_KEY. Without it the host creates one, once, which never leaves the host.",
    example: "...",
  }),
  allowedHosts: optional(listOf(serverName, "names", { minimum: 1 }), {
    component: "DjangoApp",
    argument: "allowedHosts",
    becomes: "`*.` in front as `.`",
    meaning:
      "Django's ALLOWED_HOSTS; a leading `*.` becomes Django's leading period. One of `serverNames` must be among them: with it the deployment requests the site.",
    example: "tracks.stowers.org",
    fallbackText: "`serverNames`",
  }),
  healthCheckPath: app.setting("healthPath", {
    meaning:
      "Path of the request, through nginx, that proves a release: the status of the answer must be below 400.",
    example: "/healthz/",
  }),
  keptReleases: app.setting("keep", {
    meaning:
      "Number of releases, virtualenvs and backups of deployments to keep, the current ones included.",
    example: "5",
  }),
  migrationDump: optional(localPath, {
    component: "DataMigration",
    argument: "dump",
    becomes: "the file, with its digest",
    meaning: "Old data to load, once: a file that `dumpdata` wrote. Relative to the repository.",
    example: "../tracks_redirect.json",
    fallbackText: "nothing is loaded",
  }),
  migrationRenames: withDefault(
    recordOf(
      listOf(
        text(
          "`OLD.MODEL:NEW.MODEL`, in lower case",
          /^[a-z_][a-z0-9_]*\.[a-z0-9_]+:[a-z_][a-z0-9_]*\.[a-z0-9_]+$/,
        ),
        "renamed models",
      ),
      ":",
    ),
    { "redirect.redirecthit": "roasted.redirecthit", "redirect.target": "roasted.target" },
    {
      component: "DataMigration",
      argument: "renames",
      becomes: "`{ OLD.MODEL: NEW.MODEL }`",
      meaning: "Models with another name in the new application.",
      example: "redirect.target:roasted.target",
    },
  ),
  migrationSkippedModels: migration.setting("skipModels", {
    meaning: "Models of the dump to skip.",
    example: "south.migrationhistory",
  }),
  migrationConfirm: migration.setting("confirm", {
    meaning:
      "Loads the dump with this digest although tables have rows, or another dump was loaded: rows with the same primary keys are overwritten, after a backup. The error that asks for it names the digest.",
    example: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  }),
};
