import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { DjangoApp } from "../../../components/DjangoApp";
import type { DjangoAppArgs } from "../../../components/args/DjangoApp";
import { Host } from "../../../host/Host";
import { runInline } from "../inlineEngine";
import { MockedEngine } from "../mockedEngine";
import { rootConnection } from "../rootConnection";

/** The switch to the release is over with this. */
let deployment: Promise<void> | undefined;

const engine = new MockedEngine(async ({ type, name, inputs }) => {
  if (name === "app" && type === "command:remote:Command") await deployment;
  return inputs;
});

/** The mocks wrap what is secret. */
function textOf(stdin: unknown): string {
  return typeof stdin === "string"
    ? stdin
    : ((stdin as { value?: string } | undefined)?.value ?? "");
}

const digest = "0123456789ab".padEnd(64, "f");

/** What each resource sends, as far as they are registered. */
function stdins(): Map<string, string> {
  return new Map(engine.registered.map(({ name, inputs }) => [name, textOf(inputs.stdin)]));
}

async function manifests(args: Partial<DjangoAppArgs>): Promise<Map<string, string>> {
  make(args);
  await engine.settled();
  return stdins();
}

function make(args: Partial<DjangoAppArgs>): DjangoApp {
  return new DjangoApp("app", {
    host: new Host("host", { connection: rootConnection }),
    app: "tracks",
    siteRoot: "/microarray",
    user: "deployer",
    production: true,
    source: { kind: "folder", archive: { path: "/a.tar", sha256: digest, bytes: 1 } },
    allowedHosts: ["tracks.test"],
    ...args,
  });
}

beforeEach(async () => {
  await engine.clear();
  deployment = undefined;
});

describe("an application", () => {
  it("is four commands: directories, settings, source and the switch to the release", async () => {
    const seen = await manifests({});
    expect([...seen.keys()].filter((name) => name.startsWith("app")).sort()).toEqual([
      "app",
      "app-archive",
      "app-directories",
      "app-settings",
      "app-source",
    ]);
    expect(seen.get("app-source")).toContain("release /microarray/releases/tracks/0123456789ab ");
    expect(seen.get("app")).toContain("symlink /microarray/tracks -> releases/tracks/0123456789ab");
    expect(seen.get("app")).toContain("symlink /home/deployer/venv -> @@VIRTUALENV@@");
  });

  it("sets PRODUCTION in production only", async () => {
    const production = await manifests({});
    expect(production.get("app-directories")).toContain("/etc/profile.d/tracks-production.sh");
    expect(production.get("app")).toContain("production=yes");
    await engine.clear();
    const dev = await manifests({ production: false });
    expect(dev.get("app-directories")).not.toContain("PRODUCTION");
    expect(dev.get("app")).toContain("production=no");
  });

  it("keeps the database's password in local.py, and nowhere else", async () => {
    const password = pulumi.secret("hunter2");
    const postgresql = {
      name: "tracks",
      user: "deployer",
      host: "127.0.0.1",
      port: 5432,
      password,
    };
    const seen = await manifests({ postgresql, secretKey: pulumi.secret("sesame") });
    for (const [name, stdin] of seen) {
      if (name === "app-settings") expect(stdin).toMatch(/"PASSWORD": u"hunter2"[^]*u"sesame"/);
      else expect(stdin).not.toMatch(/hunter2|sesame/);
    }
  });

  it("names its release by the commit, and gives the deploy key to the fetch only", async () => {
    const seen = await manifests({
      source: {
        kind: "git",
        url: "git@git.test:tracks.git",
        commit: pulumi.output("abcdef0123456789abcdef0123456789abcdef01"),
        deployKey: pulumi.secret("-----BEGIN KEY-----\nsesame\n"),
        hostKey: { server: "git.test", key: "ssh-ed25519 AAAA" },
      },
    });
    expect(seen.get("app-source")).toMatch(
      /git=git@git\.test:tracks\.git commit=abcdef0123456789abcdef0123456789abcdef01\n/,
    );
    expect(seen.get("app-source")).toContain("| git.test ssh-ed25519 AAAA\n");
    expect(seen.get("app-source")).toContain("| sesame\n");
    expect(seen.get("app")).toContain("releases/tracks/abcdef012345");
    expect(seen.get("app")).not.toContain("sesame");
  });

  it("leaves PostgreSQL's driver to the host, which knows what the application asks for", async () => {
    const postgresql = {
      name: "tracks",
      user: "deployer",
      host: "127.0.0.1",
      port: 5432,
      password: "hush",
    };
    const virtualenv = (): string =>
      /^virtualenv .*\n(\| .*\n)*/m.exec(stdins().get("app-source") ?? "")?.[0] ?? "";
    const extraRequirements = ["sentry-sdk==2.19.2"];
    await manifests({ postgresql, extraRequirements });
    expect(virtualenv()).toMatch(/ database=postgresql\n\| sentry-sdk==2\.19\.2\n$/);
    await engine.clear();
    await manifests({ extraRequirements });
    expect(virtualenv()).toMatch(/ requirements=requirements\.txt\n\| sentry-sdk==2\.19\.2\n$/);
  });

  it("labels what nginx serves below a root with a dot, and no path that looks like it", async () => {
    const seen = await manifests({ siteRoot: "/srv/www.tracks" });
    expect(seen.get("app-directories")?.match(/^selinux-context .*$/gm)).toEqual([
      "selinux-context httpd_sys_content_t /srv/www\\.tracks/releases/tracks(/.*)?",
      "selinux-context httpd_sys_content_t /srv/www\\.tracks/shared/tracks/media(/.*)?",
    ]);
  });

  it("has its archive copied again when its releases move", async () => {
    const archive = async (args: Partial<DjangoAppArgs>): Promise<string | undefined> => {
      await engine.clear();
      return / archive=(\S+)/.exec((await manifests(args)).get("app-source") ?? "")?.[1];
    };
    const here = await archive({});
    expect(await archive({ user: "painter" })).toBe(here);
    expect(await archive({ siteRoot: "/srv/www" })).not.toBe(here);
    expect(await archive({ app: "roasted" })).not.toBe(here);
  });

  it("is requested by a full name, also where Django allows a wildcard first", async () => {
    const seen = await manifests({ allowedHosts: [".tracks.test"], proofHost: "www.tracks.test" });
    expect(seen.get("app")).toContain(" host=www.tracks.test ");
    expect(seen.get("app-settings")).toContain('".tracks.test"');
    expect(() => make({ allowedHosts: [".tracks.test"] })).toThrow(
      /allowed: a whole name before it, or proofHost/,
    );
  });

  it("names its release once that is live, and not before", async () => {
    let end = (): void => undefined;
    deployment = new Promise((resolve) => {
      end = resolve;
    });
    const named: string[] = [];
    make({}).release.apply((release) => named.push(release));
    await vi.waitFor(() => {
      expect(stdins().get("app")).toContain("releases/tracks/0123456789ab");
    });
    expect(named).toEqual([]);
    end();
    await engine.settled();
    expect(named).toEqual(["0123456789ab"]);
  });

  it("takes a host name that is known only later, and refuses a shortened commit", async () => {
    const seen = await manifests({
      allowedHosts: [".tracks.test"],
      proofHost: pulumi.output(Promise.resolve("www.tracks.test")),
    });
    expect(seen.get("app")).toContain(" host=www.tracks.test ");
    const source = { kind: "git", url: "https://git.test/x.git", commit: "v2.1" } as const;
    expect(() => make({ source })).toThrow(
      /source\.commit\n {4}given: {3}"v2\.1"\n {4}allowed: the full name/,
    );
    const keyed = { ...source, commit: "a".repeat(40), deployKey: pulumi.secret("k") };
    expect(() => make({ source: keyed })).toThrow(/source\.deployKey\n.*does not use SSH/);
  });

  it("fetches nothing of an output that names a branch in place of a commit", async () => {
    await engine.settled();
    const registered = new Set<string>();
    const run = await runInline(
      async () => {
        const commit = pulumi.output(Promise.resolve("main"));
        make({ source: { kind: "git", url: "https://git.test/x.git", commit } });
        await Promise.resolve();
      },
      {
        creating: async (name) => {
          registered.add(name);
          await Promise.resolve();
        },
      },
    );
    expect(run.error).toMatch(
      /DjangoApp "app" can't take these arguments:\n\n {2}source\.commit\n/,
    );
    expect(registered).toContain("app-directories");
    expect(registered).not.toContain("app-source");
  });

  it("reports everything that can't work at once", () => {
    const commit = "a".repeat(40);
    expect(() =>
      make({
        interpreter: "python3",
        healthPath: "healthz",
        keep: 1,
        source: { kind: "git", url: "https://me:token@git.test/x.git", commit },
      }),
    ).toThrow(
      / interpreter\n.*"python3"\n[^]* healthPath\n[^]* keep\n.*1\n[^]* source\.url\n[^]*without a password/,
    );
    expect(() => make({ source: { kind: "git", url: "ssh://git@git.test/x", commit } })).toThrow(
      / source\.hostKey\n.*nothing, but [^]*allowed: one public key line/,
    );
  });
});
