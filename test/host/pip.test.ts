import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { holdLock } from "./heldLock";
import { manifest, PrivateRoot } from "./privateRoot";

const entry = "pip-package uwsgi 2.0.31 python=/usr/bin/python3 program=uwsgi";

describe("a pip package", () => {
  let host: PrivateRoot;

  beforeEach(() => {
    host = new PrivateRoot();
  });
  afterEach(() => {
    host.remove();
  });

  /** An interpreter whose pip writes the program; its packages are in files of the private root. */
  function interpreter(pip: string): void {
    host.write(
      "/usr/bin/python3",
      [
        "#!/bin/bash",
        'echo "python $1 $2 $3" >>"$TRACKS_ROOT/calls"',
        'case "$*" in',
        // A real interpreter for the program that starts pip; its pip is this stand-in again.
        '  "-c "*run_pip*) exec -a "$0" python3 "$@" ;;',
        '  "-m pip --version") exit 0 ;;',
        `  "-m pip install"*) ${pip} ;;`,
        '  *) if [ -e "$TRACKS_ROOT/known" ]; then echo "3.9 $TRACKS_ROOT/usr/local/bin/uwsgi"; else echo "3.9 unknown"; fi ;;',
        "esac",
        "",
      ].join("\n"),
      0o755,
    );
  }

  function program(version: string, python: string): void {
    host.write(
      "/usr/local/bin/uwsgi",
      `#!/bin/sh\ncase $1 in --version) echo ${version} ;; *) echo ${python} ;; esac\n`,
      0o755,
    );
    host.write("/known", "");
  }

  it("starts no pip when the right version is there", async () => {
    interpreter("exit 1");
    program("2.0.31", "3.9.18");
    const run = await host.apply(manifest("uwsgi-program", "pip", entry));
    expect(run.reason).toBe("");
    expect(run.stdout).toContain("applied uwsgi-program: unchanged");
    expect(host.calls().join("\n")).not.toContain("-m pip");
  });

  it.each([
    ["of a wheel", "uwsgi-2.0.31.dist-info/RECORD", "../../../bin/uwsgi,sha256=abc,17\n"],
    [
      "of setup.py",
      "uWSGI-2.0.31-py3.9.egg-info/installed-files.txt",
      "PKG-INFO\n../../../../bin/uwsgi\n",
    ],
  ])(
    "is run from the path in pip's record %s, whatever is first in PATH",
    async (_, record, lines) => {
      program("2.0.31", "3.9.18");
      host.write("/counted/uwsgi", "#!/bin/sh\necho 2.0.20\n", 0o755);
      host.write(`/usr/local/lib/python3.9/site-packages/${record}`, lines);
      // A real interpreter answers, by the version that the program tells.
      host.write(
        "/usr/bin/python3",
        [
          "#!/bin/bash",
          `export PYTHONPATH=${host.at("/usr/local/lib/python3.9/site-packages")}`,
          'exec /usr/bin/env python3 "$@" | sed "s/^3[.][0-9]*/3.9/"',
          "",
        ].join("\n"),
        0o755,
      );
      const run = await host.apply(manifest("uwsgi-program", "pip", entry));
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout).toBe("applied uwsgi-program: unchanged\n");
      expect((await host.run(["probe"])).stdout).toMatch(/^ok uwsgi-program\n/);
      program("2.0.20", "3.9.18");
      expect((await host.run(["probe"])).stdout).toContain(
        "drift uwsgi-program\tpip package uwsgi\t/usr/local/bin/uwsgi is version 2.0.20",
      );
    },
  );

  it.each([
    ["another version", "2.0.20", "3.9.18", /uwsgi is version 2\.0\.20/],
    ["one linked with another Python", "2.0.31", "3.11.2", /embeds Python 3\.11\.2, not 3\.9/],
  ])("replaces %s, and fails when the result is the same", async (_, version, python, reason) => {
    interpreter("exit 0");
    program(version, python);
    const run = await host.apply(manifest("uwsgi-program", "pip", entry));
    expect(run.code).toBe(1);
    expect(run.reason).toMatch(reason);
  });

  it("waits for a running yum, and says so now and then", async () => {
    interpreter(
      'cp "$TRACKS_ROOT/built" "$TRACKS_ROOT/usr/local/bin/uwsgi"; touch "$TRACKS_ROOT/known"',
    );
    host.write(
      "/built",
      "#!/bin/sh\ncase $1 in --version) echo 2.0.31 ;; *) echo 3.9.18 ;; esac\n",
      0o755,
    );
    host.write("/usr/local/bin/.keep", "");
    const yum = await holdLock(host, "packages", { seconds: 5, inherited: true });
    const run = await host.apply(manifest("uwsgi-program", "pip", entry), {
      environment: { TRACKS_LOCK_WAIT: "9" },
    });
    expect(run.code).toBe(0);
    expect(run.stderr).toContain("waiting: packages is locked by another run\n");
    expect(await yum.ended).toBe(0);
  });

  it("says at last who it has waited for in vain", async () => {
    interpreter("exit 0");
    const yum = await holdLock(host, "packages");
    const run = await host.apply(manifest("uwsgi-program", "pip", entry), {
      environment: { TRACKS_LOCK_WAIT: "1" },
    });
    yum.release();
    expect(run.reason).toMatch(/^packages is locked by another run; waited 1 s for it\. /);
  });

  it("waits for it without a lock that another program's recover needs", async () => {
    interpreter("exit 1");
    host.installScript("tracks.other");
    const environment = { TRACKS_LOCK_WAIT: "9" };
    const yum = await holdLock(host, "packages", { seconds: 3 });
    const recovering = host.run(["recover"], { scope: "tracks.other", environment });
    await sleep(1000);
    const installing = host.apply(manifest("uwsgi-program", "pip", entry), { environment });
    await yum.ended;
    expect(await recovering).toMatchObject({ code: 0 });
    expect((await installing).reason).toMatch(/^pip can't install uwsgi 2\.0\.31:/);
  });

  it("reports pip's last lines when it fails", async () => {
    interpreter("echo 'error: command gcc failed'; exit 1");
    const run = await host.apply(manifest("uwsgi-program", "pip", entry));
    expect(run.code).toBe(1);
    expect(run.reason).toMatch(/pip can't install uwsgi 2\.0\.31: error: command gcc failed/);
  });

  it("uses the host's settings of where packages come from, and not of where they go", async () => {
    interpreter('env | grep ^PIP_ | sort >"$TRACKS_ROOT/environment"; exit 1');
    host.write(
      "/etc/pip.conf",
      "[global]\nindex-url = https://pypi.test/simple\nproxy = http://me:sesame@proxy:3128\nrequire-virtualenv = true\n",
    );
    host.write(
      "/root/.config/pip/pip.conf",
      "[install]\nuser = true\ntarget = /srv/elsewhere\nprefix = /opt\ndry_run = yes\nextra-index-url =\n  https://a.test/simple\n  https://b.test/simple\n",
    );
    await host.apply(manifest("uwsgi-program", "pip", entry));
    expect(host.read("/environment")).toBe(
      [
        "PIP_CONFIG_FILE=/dev/null",
        "PIP_EXTRA_INDEX_URL=",
        "PIP_INDEX_URL=https://pypi.test/simple",
        "PIP_PROXY=http://me:sesame@proxy:3128",
        "",
      ].join("\n"),
    );
    expect(host.calls().join("\n")).not.toContain("sesame");
  });

  it("names an unreadable file of settings, and shows nothing of its content", async () => {
    interpreter("exit 1");
    host.write("/etc/pip.conf", "index-url = https://me:sesame@pypi.test/simple\n");
    const run = await host.apply(manifest("uwsgi-program", "pip", entry));
    expect(run.reason).toContain(
      `pip's settings in ${host.at("/etc/pip.conf")} can't be read (MissingSectionHeaderError): correct that file`,
    );
    expect(run.stderr).not.toContain("sesame");
  });

  it("names an interpreter that does not exist", async () => {
    const run = await host.apply(manifest("uwsgi-program", "pip", entry));
    expect(run.reason).toMatch(/\/usr\/bin\/python3.*does not exist/);
  });

  it("is refused when the entry is incomplete", async () => {
    const run = await host.apply(manifest("uwsgi-program", "pip", "pip-package uwsgi latest"));
    expect(run.stderr).toMatch(/pip-package NAME VERSION python=PATH program=NAME/);
    expect(run.stderr).toMatch(/attribute "python" is missing/);
  });
});
