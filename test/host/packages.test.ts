import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, test } from "vitest";
import { wantedPackages } from "../../components/packages/wantedPackages";
import { resolveDatabase } from "../../components/postgres/resolve";
import { packageName } from "../../host/manifest/values";
import { packageEntry, renderLine } from "../../host/manifest/manifest";
import { type EnterpriseLinux, manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
afterEach(() => {
  host.remove();
});

/** A host whose repositories have these packages, a line each; see commands/repository. */
function repositories(el: EnterpriseLinux, ...lines: string[]): void {
  host = new PrivateRoot({ el });
  host.write("/repository", lines.map((line) => `${line}\n`).join(""));
}

const packages = (...entries: string[]): string => manifest("packages", "packages", ...entries);
const everywhere: EnterpriseLinux[] = [6, 7, 8, 9, 10];

describe.each(everywhere)("packages on Enterprise Linux %d", (el) => {
  it("are installed under the first known name, and stay on remove", async () => {
    repositories(el, "git", "postgresql-devel");
    const text = packages("package nginx", "package git", "package libpq-devel postgresql-devel");
    const run = await host.apply(text);
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toBe(
      "installed package git\ninstalled package postgresql-devel\napplied packages: 2 changes\n",
    );
    host.calls();
    expect((await host.apply(text)).stdout).toBe("applied packages: unchanged\n");
    expect(host.calls().join("\n")).not.toMatch(/^(dnf|yum) /m);
    await host.removeResource("packages");
    expect(host.read("/rpmdb")).toContain("postgresql-devel");
  });

  it("are installed by a name that another package provides", async () => {
    // As on 8: python3 is a provide of python36, python3-devel of python36-devel.
    repositories(
      el,
      "python36 provides=python3",
      "python36-devel provides=python3-devel",
      "python",
    );
    const text = packages("package python3 python", "package python3-devel python-devel");
    expect(await host.apply(text)).toMatchObject({ code: 0, stderr: "" });
    expect(host.read("/rpmdb")).toBe("nginx\npython36 python3\npython36-devel python3-devel\n");
    expect((await host.apply(text)).stdout).toBe("applied packages: unchanged\n");
  });

  it("that no repository has are all named at once, with the enabled repositories", async () => {
    repositories(el, "git");
    const run = await host.apply(
      packages("package git", "package uwsgi uwsgi-core", "package tmux"),
    );
    expect(run.code).toBe(1);
    const those = { 6: "base updates", 7: "base updates" }[el as number] ?? "appstream base";
    for (const names of ["uwsgi or uwsgi-core", "tmux"]) {
      expect(run.stderr).toContain(
        `none of the enabled repositories (${those}) has the package ${names}: add one that has it with SystemPackages.yumRepositories`,
      );
    }
  });

  it("from an unreachable repository are not reported as missing", async () => {
    repositories(el, "git");
    host.write("/repository-down", "appstream");
    const run = await host.apply(packages("package git"));
    expect(run.code).toBe(1);
    expect(run.reason).toContain(
      "can't install git, because this host can't reach a package repository. Check the host's network, set SystemPackages.yumProxy",
    );
    expect(run.reason).toContain("appstream");
    expect(run.reason).not.toContain("has the package");
  });

  it("wait for another program that installs up to a limit, then name it", async () => {
    repositories(el, "git");
    host.write("/manager-lock", "4711");
    const text = packages("package git");
    const waiting = host.apply(text, { environment: { TRACKS_LOCK_WAIT: "20" } });
    await sleep(500);
    rmSync(host.at("/manager-lock"));
    expect((await waiting).code).toBe(0);

    host.write("/rpmdb", "");
    host.write("/manager-lock", "4711");
    const run = await host.apply(text, { environment: { TRACKS_LOCK_WAIT: "1" } });
    expect(run.reason).toMatch(
      /another program is installing packages, and this run has waited 1 s for it: run this again when that has ended \(.*4711/,
    );
  });

  it("are installed from a repository whose metadata are signed with a new key", async () => {
    repositories(el, "git");
    host.write("/repository-signed", "");
    expect(await host.apply(packages("package git"))).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("a lock of the package manager", () => {
  const text = packages("package git");
  const impatient = { environment: { TRACKS_LOCK_WAIT: "20" } };

  it.each([8, 9, 10] as const)(
    "of rpm is waited for when another program has it, on %d",
    async (el) => {
      repositories(el, "git");
      host.write("/rpm-lock", "Resource temporarily unavailable\n");
      const waiting = host.apply(text, impatient);
      const calls = () => (host.exists("/calls") ? host.read("/calls") : "");
      await expect.poll(calls, { timeout: 30_000 }).toContain("install git");
      rmSync(host.at("/rpm-lock"));
      expect((await waiting).code).toBe(0);
    },
  );

  it.each([
    [8, "/rpm-lock", "Read-only file system", /lock on \/var\/lib\/rpm\/.rpm.lock \(Read-only/],
    [9, "/rpm-lock", "Permission denied", /lock on \/var\/lib\/rpm\/.rpm.lock \(Permission/],
    [10, "/malformed-lock", "", /Malformed lock file found: \/var\/cache\/dnf/],
    [7, "/no-lock", "", /Could not create lock at \/var\/run\/yum.pid: .*Read-only/],
    [6, "/no-lock", "", /Could not create lock at \/var\/run\/yum.pid: .*Read-only/],
  ] as const)(
    "that can't be created is reported at once, on %d: %s %s",
    async (el, file, content, said) => {
      repositories(el, "git");
      host.write(file, `${content}\n`);
      const run = await host.apply(text, impatient);
      expect(run.reason).toMatch(
        /^(dnf|yum) can't install git, because it can't make its lock file: /,
      );
      expect(run.reason).toMatch(said);
      expect(run.milliseconds).toBeLessThan(15_000);
    },
  );

  it("that rpm itself has waited for does not cause a second installation", async () => {
    repositories(7, "git");
    host.write("/rpm-waited", "");
    expect(await host.apply(text)).toMatchObject({ code: 0, stderr: "" });
    expect(host.calls().filter((call) => call.startsWith("yum "))).toHaveLength(1);
  });
});

test("adds a repository of the manifest before packages, and removes it when they fail", async () => {
  repositories(9, "git");
  host.write("/repository-down", "extra");
  const run = await host.apply(
    packages("file /etc/extra.repo owner=root group=root mode=0644", "| [extra]", "package git"),
  );
  expect(run.code).toBe(1);
  expect(run.reason).toContain("Failed to download metadata for repo 'extra'");
  expect(host.exists("/etc/extra.repo")).toBe(false);
});

test("reports a host without any repository", async () => {
  repositories(9);
  host.write("/no-repository", "");
  expect((await host.apply(packages("package git"))).reason).toContain(
    "this host has no enabled package repository. Add one with SystemPackages.yumRepositories",
  );
});

test("says that a package is excluded, or in another stream", async () => {
  repositories(9, "git excluded", "postgresql15-server stream=postgresql:15");
  const run = await host.apply(packages("package git", "package postgresql15-server"));
  expect(run.stderr).toContain(
    'the host\'s own settings hide the package git (All matches were filtered out by exclude filtering for argument: git): remove it from "exclude"',
  );
  expect(run.stderr).toContain("dnf versionlock delete git");
  expect(run.stderr).toContain(
    "a module stream hides the package postgresql15-server (All matches were filtered out by modular filtering for argument: postgresql15-server)",
  );
  expect(run.stderr).toContain("dnf module disable MODULE");
  expect(run.stderr).not.toContain("none of the enabled repositories");
});

test("reports conflicting packages with dnf's message, a line each, the problem last", async () => {
  repositories(10, "postgresql18-server conflicts=postgresql");
  host.write("/rpmdb", "postgresql\n");
  const run = await host.apply(packages("package postgresql18-server"));
  expect(run.stderr).toMatch(
    /^ {2}- package postgresql18-server conflicts with postgresql-any .*\n {2}- conflicting requests\ndnf .*: Problem: problem with installed package$/m,
  );
  expect(run.stderr).not.toContain("--skip-broken");
});

describe("a module stream", () => {
  const stream = (name: string, ...more: string[]): string => packages(`module ${name}`, ...more);

  it("is enabled once, and never changed to another one", async () => {
    repositories(9);
    host.write("/streams", "postgresql 15\npostgresql 16\n");
    expect((await host.apply(stream("postgresql:15"))).stdout).toContain(
      "enabled module postgresql:15",
    );
    expect((await host.apply(stream("postgresql:15"))).stdout).toBe(
      "applied packages: unchanged\n",
    );
    expect((await host.apply(stream("postgresql:16"))).reason).toContain(
      "the module stream postgresql:15 is enabled on the host, and postgresql:16 was asked for",
    );
  });

  it.each([8, 9, 10] as const)(
    "that does not exist is named with those that do, on %d",
    async (el) => {
      repositories(el);
      if (el !== 10) host.write("/streams", "postgresql 13\npostgresql 16\n");
      const run = await host.apply(stream("postgresql:15"));
      expect(run.reason).toContain(
        `no module stream postgresql:15 (${el === 10 ? "nor any other stream of postgresql" : "they have 13 16"}): correct SystemPackages.moduleStreams`,
      );
    },
  );

  const database = "postgresql:15 package=postgresql-server";

  it.each([
    [7, "postgresql-server version=15.8"],
    [9, "postgresql-server version=15.8"],
    [10, "postgresql-server version=15"],
  ] as const)("has a plain package of its version in its place, on %d", async (el, line) => {
    repositories(el, line);
    expect(await host.apply(stream(database, "package postgresql-server"))).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect(host.read("/rpmdb")).toContain("postgresql-server");
    expect((await host.apply(stream(database, "package postgresql-server"))).stdout).toBe(
      "applied packages: unchanged\n",
    );
  });

  it.each([
    [7, "9.2.24", ["postgresql-server 9.2.24"]],
    [9, "13.14", ["postgresql-server 13.14", "module stream postgresql:16"]],
    [10, "16.8", ["postgresql-server 16.8", "postgresql18-server 18.1"]],
  ] as const)(
    "without a package of that version is reported with the offered versions, before anything is installed, on %d",
    async (el, version, offers) => {
      repositories(
        el,
        `postgresql-server version=${version}`,
        ...(el === 10 ? ["postgresql18-server version=18.1"] : []),
      );
      if (el === 9) host.write("/streams", "postgresql 16\n");
      const run = await host.apply(stream(database, "package postgresql-server"));
      expect(run.reason).toContain(
        `have postgresql 15 neither as a module stream nor as the package postgresql-server. They offer ${offers.join(", ")}: set PostgresDatabase.version to one of these versions`,
      );
      expect(host.read("/rpmdb")).toBe("nginx\n");
    },
  );

  it("is not needed where the server is installed already", async () => {
    repositories(9);
    host.write("/rpmdb", "postgresql-server\n");
    expect((await host.apply(stream(database))).stdout).toBe("applied packages: unchanged\n");
  });
});

it("every form of a setting for packages that the schema accepts works on the host", async () => {
  const forms = [
    "tmux",
    "libjpeg-turbo-devel|libjpeg-devel",
    "python3.11",
    "gcc-c++|gcc",
    "x_y-1.0",
  ];
  const entries = forms.flatMap((form) => {
    expect(packageName.schema.safeParse(form).success, form).toBe(true);
    const { packages, module } = resolveDatabase({
      database: "tracks",
      user: "deployer",
      packages: [`postgresql-server|${form}`],
    });
    const needs = { extraPackages: [form], server: { packages, module } };
    return [...wantedPackages(needs), ...packages.map(packageEntry)];
  });
  const lines = [...new Set(entries.map(renderLine))];
  const names = lines.flatMap((line) => line.split(" ").slice(1));
  repositories(9, ...new Set(names.filter((name) => !/[:=]/.test(name))));
  host.write("/streams", "postgresql 15\n");
  const run = await host.apply(packages(...lines));
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toContain("installed package libjpeg-turbo-devel\n");
  expect(run.stdout).not.toContain("installed package libjpeg-devel\n");
});

describe("a survey", () => {
  const factsOf = async (...words: string[]): Promise<string> => {
    const { stdout, stderr, code } = await host.run(["survey", ...words]);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    return stdout;
  };
  const survey = async (...words: string[]): Promise<string> =>
    (await factsOf(...words)).match(/^obstacle\tfailure\t(.*)$/m)?.[1] ?? "";
  const python = ["python3.11 python311", "python3.11-devel python311-devel"].map(
    (names) => `want=package ${names}`,
  );

  it.each(everywhere)("asks no repository where everything is installed, on %d", async (el) => {
    repositories(el);
    expect(await survey("want=package nginx")).toBe("");
    expect(host.calls().join("\n")).not.toMatch(/^(dnf|yum) /m);
  });

  it.each(everywhere)("lists what is missing, by one question to rpm, on %d", async (el) => {
    repositories(el, "git", "python311", "python311-devel");
    const want = [...python, "want=package git", "want=package nginx", "repository=extra"];
    expect(await factsOf(...want)).toContain(
      "fact missing-packages python3.11 or python311\tpython3.11-devel or python311-devel\tgit\n",
    );
    expect(host.calls().filter((call) => call.startsWith("rpm -q --whatprovides"))).toHaveLength(1);
    expect(await factsOf("want=package nginx")).toContain("fact missing-packages none\n");
    expect(await factsOf()).not.toContain("missing-packages");
  });

  it.each(everywhere)("names what no repository has, and installs nothing, on %d", async (el) => {
    repositories(el, "python3.11", "git");
    expect(await survey(...python, "want=package git")).toMatch(
      /^not every package can be installed: none of the enabled repositories \(.*\) has the package python3\.11-devel or python311-devel: add one/,
    );
    expect(host.read("/rpmdb")).toBe("nginx\n");
    expect(await survey("want=package git")).toBe("");
    expect(host.read("/rpmdb")).toBe("nginx\n");
  });

  it("lists the offered versions of PostgreSQL, and enables no stream", async () => {
    repositories(10, "postgresql-server version=16.8");
    const database = ["want=module postgresql:15 package=postgresql-server"];
    expect(await survey(...database, "want=package postgresql-server")).toContain(
      "They offer postgresql-server 16.8: set PostgresDatabase.version",
    );
    host.remove();
    repositories(9, "postgresql-server stream=postgresql:15");
    host.write("/streams", "postgresql 15\n");
    expect(await survey(...database, "want=package postgresql-server")).toBe("");
    expect(host.exists("/etc/dnf/modules.d/postgresql.module")).toBe(false);
  });

  it.each(["want=package git", "want=module postgresql:15", "want=module postgresql:15 package=a"])(
    "reports an unreachable repository, with the reason: %s",
    async (want) => {
      repositories(9, "git");
      host.write("/repository-down", "appstream");
      const told = await survey(want);
      expect(told).toContain("can't reach a package repository");
      expect(told).toMatch(/Curl error \(6\): [^\t]*\tdnf .* dnf says: Error: Failed to download/);
    },
  );

  it.each(everywhere)("reports nothing that it can't know yet, on %d", async (el) => {
    repositories(el);
    const extra = ["want=package git", "repository=extra"];
    expect(await survey(...extra)).toBe("");
    host.write("/etc/yum.repos.d/extra.repo", "[extra]\n");
    expect(await survey(...extra)).toContain("has the package git");
    expect(await survey(...extra, "proxy=http://proxy:3128")).toBe("");
    host.write("/manager-lock", "4711");
    expect(await survey(...extra)).toBe("");
    rmSync(host.at("/manager-lock"));
    host.write("/repository-signed", "");
    expect(await survey(...extra)).toBe("");
    expect(host.exists("/repository-signed")).toBe(true);
  });
});
