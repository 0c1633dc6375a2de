import { expect, it } from "vitest";
import {
  managePy,
  parseEnvironment,
  wordsInApplication,
} from "../../../../commands/ops/environment";
import { applicationOf, commandFor } from "../../../../commands/ops/site";
import { check } from "../../settings/configuration";

const sourceUrl = "https://git.example.org/tracks.git";

function siteWith(settings: Record<string, string>) {
  const { configuration } = check(settings);
  const { connection } = configuration;
  return {
    ...{ project: "tracks", stack: "test", scope: "tracks.test" },
    ...{ configuration, connection },
  };
}

const ini = [
  "[uwsgi]",
  "# env = COMMENT=1",
  "env = PRODUCTION=1",
  "env=LANG=C.UTF-8  ",
  "env = GREETING=a = b",
  "unenv = NOTIFY_SOCKET",
  "",
].join("\n");

it("reads the service's variables from uWSGI's options", () => {
  expect(parseEnvironment(ini)).toEqual(["PRODUCTION=1", "LANG=C.UTF-8", "GREETING=a = b"]);
});

it("runs manage.py as the service would, by settings that are nowhere else", () => {
  const application = applicationOf(
    siteWith({ sourceUrl, siteRoot: "/srv/site", deployerUser: "web", siteName: "shop" }),
  );
  const words = [...managePy(application), "check"];
  expect(wordsInApplication(application, parseEnvironment(ini), words, {})).toEqual([
    ...["runuser", "-u", "web", "--"],
    ...["sh", "-c", `umask 022; cd -- "$0" && exec env -i "$@"`, "/srv/site/shop"],
    ...["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/home/web", "USER=web", "LOGNAME=web"],
    ...["PRODUCTION=1", "LANG=C.UTF-8", "GREETING=a = b"],
    ...["/home/web/venv/bin/python", "manage.py", "check"],
  ]);
});

it("leaves PRODUCTION out for the development settings, and nothing else", () => {
  const application = applicationOf(siteWith({ sourceUrl }));
  const words = wordsInApplication(application, parseEnvironment(ini), ["x"], {
    dev: true,
    terminal: "xterm",
    path: ["/usr/pgsql-15/bin"],
  });
  expect(words.join(" ")).not.toContain("PRODUCTION");
  expect(words).toContain("LANG=C.UTF-8");
  expect(words).toContain("TERM=xterm");
  expect(words).toContain("PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/pgsql-15/bin");
});

it("says that a stack without an application has no manage.py", () => {
  expect(() => applicationOf(siteWith({}))).toThrow(
    "The stack test has no application\n  found:   neither tracks:sourceFolder nor tracks:sourceUrl: a static page",
  );
});

it("writes a command with its stack", () => {
  expect(commandFor({ stack: "dev" }, "status")).toBe("npm run ops -- status --stack dev");
});
