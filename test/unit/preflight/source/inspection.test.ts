import { describe, expect, it } from "vitest";
import { problemText } from "../../../../host/problem";
import { inspectFiles } from "../../../../preflight/source/inspection";
import { isInspected } from "../../../../preflight/source/SourceLayout";

const layout = {
  settingsModule: "tracks.settings",
  wsgi: "tracks/wsgi.py",
  requirementsFile: "requirements.txt",
};

const manage = `#!/usr/bin/env python
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracks.settings")
`;
const wsgi = `import os
from django.core.wsgi import get_wsgi_application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracks.settings")
application = get_wsgi_application()
`;
const dispatch = `import os
if "PRODUCTION" in os.environ:
    from .production import *
else:
    from .dev import *
`;
const fine = {
  "manage.py": manage,
  "tracks/wsgi.py": wsgi,
  "tracks/settings/__init__.py": dispatch,
  "tracks/settings/production.py": "from .base import *\nfrom .local import *\n",
};

type Files = Partial<Record<string, string>>;

/** What is found in a source that is fine but for these files; undefined takes one away. */
function inspected(changes: Files): string[] {
  const files = Object.entries<string | undefined>({ ...fine, ...changes }).filter(
    (file): file is [string, string] => file[1] !== undefined,
  );
  return inspectFiles(new Map(files), layout).map(
    (problem) => `${problem.severity} ${problemText(problem)}`,
  );
}

describe("inspectFiles", () => {
  it("finds no problem in a source without one", () => {
    expect(inspected({})).toEqual([]);
  });

  it("reports everything at once", () => {
    const found = inspected({
      "manage.py": manage.replace("settings", "settings.production"),
      "tracks/wsgi.py": undefined,
      "tracks/settings/__init__.py": undefined,
    });
    expect(found.filter((text) => text.startsWith("error"))).toHaveLength(3);
  });

  it("reports one problem of a wrong folder", () => {
    const found = inspectFiles(new Map(), layout);
    expect(found).toHaveLength(1);
    expect(found[0]?.allowed).toBe("the folder that has manage.py");
  });

  describe("the WSGI module", () => {
    it.each([
      ["isn't there", undefined, /no such file/],
      [
        "sets no settings module",
        wsgi.replace(/.*setdefault.*\n/, ""),
        /no DJANGO_SETTINGS_MODULE\n/,
      ],
      [
        "only talks of it",
        wsgi.replace(
          /(.*setdefault.*)\n/,
          '# $1\n"""\n$1\n"""\nprint(os.environ["DJANGO_SETTINGS_MODULE"] == "tracks.settings")\n',
        ),
        /no DJANGO_SETTINGS_MODULE\n/,
      ],
      [
        "hard-codes production",
        wsgi.replace('settings")', 'settings.production")'),
        /whatever PRODUCTION is/,
      ],
      [
        "loads other settings",
        wsgi.replace("tracks.settings", "website.settings"),
        /website.settings/,
      ],
      ["has no application", wsgi.replace("application =", "app ="), /no `application`/],
    ])("that %s is an error", (_, text, reason) => {
      const found = inspected({ "tracks/wsgi.py": text });
      expect(found).toHaveLength(1);
      expect(found[0]).toMatch(/^error tracks\/wsgi.py\n/);
      expect(found[0]).toMatch(reason);
    });

    it("that sets PRODUCTION itself is warned of", () => {
      const found = inspected({ "tracks/wsgi.py": `${wsgi}os.environ['PRODUCTION'] = '1'\n` });
      expect(found).toEqual([expect.stringMatching(/^warning tracks\/wsgi.py\n.*sets PRODUCTION/)]);
    });

    it.each([
      `os.environ["DJANGO_SETTINGS_MODULE"] = "tracks.settings"`,
      `os.environ.setdefault(\n    'DJANGO_SETTINGS_MODULE',\n    'tracks.settings',\n)`,
      `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracks.settings")  # not "other"`,
      `os.environ.update({"LANG": "C", "DJANGO_SETTINGS_MODULE": "tracks.settings"})`,
      `os.environ.update(DJANGO_SETTINGS_MODULE="tracks.settings")`,
      `os.putenv("DJANGO_SETTINGS_MODULE", "tracks.settings")`,
      `os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS`,
      `x = "# no comment"; os.environ["DJANGO_SETTINGS_MODULE"] = "tracks.settings"`,
    ])("may set its settings with %s", (line) => {
      expect(inspected({ "tracks/wsgi.py": wsgi.replace(/.*setdefault.*/, line) })).toEqual([]);
    });
  });

  describe("manage.py", () => {
    it("with hard-coded production settings is an error that names the fix", () => {
      const found = inspected({
        "manage.py": manage.replace("tracks.settings", "tracks.settings.production"),
      });
      expect(found).toEqual([
        `error manage.py
  found:   the settings tracks.settings.production, whatever PRODUCTION is
  allowed: tracks.settings, which chooses by PRODUCTION
  fix:     load tracks.settings there`,
      ]);
    });

    it.each([
      [
        "two branches",
        `if "PRODUCTION" in os.environ:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracks.settings.production")
else:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracks.settings.dev")`,
      ],
      [
        "an expression",
        `os.environ["DJANGO_SETTINGS_MODULE"] = "tracks.settings.production" if "PRODUCTION" in os.environ else "tracks.settings.dev"`,
      ],
    ])("may choose by itself, in %s", (_, code) => {
      expect(inspected({ "manage.py": manage.replace(/.*setdefault.*/, code) })).toEqual([]);
    });

    it("that is missing, or sets no settings, is an error", () => {
      expect(inspected({ "manage.py": undefined })).toEqual([
        expect.stringMatching(/^error manage.py\n.*no such file/),
      ]);
      expect(inspected({ "manage.py": "import os\n" })).toEqual([
        expect.stringMatching(/^error manage.py\n.*no DJANGO_SETTINGS_MODULE\n/),
      ]);
    });
  });

  describe("settings", () => {
    const init = "tracks/settings/__init__.py";

    it("in one file are an error", () => {
      const found = inspected({
        [init]: undefined,
        "tracks/settings/production.py": undefined,
        "tracks/settings.py": `${dispatch}from .local import *\n`,
      });
      expect(found).toEqual([
        expect.stringMatching(
          /^error tracks\/settings.py\n[^]*git mv tracks\/settings.py tracks\/settings\/__init__/,
        ),
      ]);
    });

    it.each([
      `if os.environ.get("PRODUCTION"):`,
      `if not os.getenv('PRODUCTION', ''):`,
      `PRODUCTION = bool(os.environ.get("PRODUCTION", False))`,
    ])("that rely on an empty PRODUCTION are warned of: %s", (line) => {
      expect(inspected({ [init]: `import os\n${line}\n` })).toEqual([
        expect.stringMatching(/^warning .*__init__.py\n.*value of PRODUCTION/),
      ]);
    });

    it.each([
      `if os.environ.get("PRODUCTION") is not None:`,
      `if os.environ.get("PRODUCTION") == "1":`,
      `if 'PRODUCTION' in os.environ:`,
      `if "PRODUCTION" in os.environ:  # not os.environ.get("PRODUCTION")`,
    ])("may check PRODUCTION clearly: %s", (line) => {
      expect(inspected({ [init]: `import os\n${line}\n` })).toEqual([]);
    });

    it("that never look at PRODUCTION are warned of", () => {
      expect(inspected({ [init]: "from .production import *\n" })).toEqual([
        expect.stringMatching(/^warning .*\n.*no test for PRODUCTION/),
      ]);
    });

    it("that never import local.py are warned of", () => {
      expect(inspected({ "tracks/settings/production.py": "# from .local import *\n" })).toEqual([
        expect.stringMatching(/^warning .*\n.*no import of local.py/),
      ]);
    });

    it("that bring a local.py of their own are warned of", () => {
      expect(inspected({ "tracks/settings/local.py": "SECRET_KEY = 'beans'\n" })).toEqual([
        expect.stringMatching(
          /^warning tracks\/settings\/local.py\n.*local settings in the source/,
        ),
      ]);
    });
  });
});

describe("isInspected", () => {
  it("names the few files that the rules read", () => {
    const paths = [...Object.keys(fine), "tracks/settings.py"];
    expect(paths.filter((path) => !isInspected(layout, path))).toEqual([]);
    const others = ["tracks/settings/data/x.py", "tracks/settings/notes.txt", "roasted/manage.py"];
    expect(others.filter((path) => isInspected(layout, path))).toEqual([]);
  });
});
