import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import {
  DataMigration,
  DjangoApp,
  Host,
  LinuxUser,
  Logrotate,
  Nginx,
  NginxSite,
  PostgresDatabase,
  RobotsTxt,
  SystemPackages,
  Uwsgi,
  UwsgiService,
} from "../../../components";
import { ArgumentsError } from "../../../components/ArgumentsError";
import { runInline } from "../inlineEngine";
import { MockedEngine } from "../mockedEngine";
import { rootConnection } from "../rootConnection";

const engine = new MockedEngine();

const host = new Host("host", { connection: rootConnection });
const siteRoot = "/srv/tracks";
const application = { application: "tracks", siteRoot, user: "deployer", production: true };
const archive = { path: "/a.tar", sha256: "0".repeat(64), bytes: 1 };
const source = { kind: "folder", archive } as const;
const app = { app: "tracks", siteRoot, user: "deployer", production: true, source };

/** Each class with one argument that it refuses, and that argument's path. */
const refusals: readonly [component: string, path: string, make: (name: string) => unknown][] = [
  ["LinuxUser", "user", (name) => new LinuxUser(name, { host, user: "A B" })],
  [
    "Logrotate",
    "file",
    (name) => new Logrotate(name, { host, file: "a/b", logs: ["/a"], postrotate: "" }),
  ],
  [
    "Nginx",
    "workerConnections",
    (name) => new Nginx(name, { host, sites: [], workerConnections: 0 }),
  ],
  [
    "NginxSite",
    "listenPort",
    (name) => new NginxSite(name, { serverNames: ["a"], siteRoot: "/srv/a", listenPort: 0 }),
  ],
  [
    "PostgresDatabase",
    "database",
    (name) => new PostgresDatabase(name, { host, database: "A", user: "a" }),
  ],
  ["RobotsTxt", "path", (name) => new RobotsTxt(name, { host, path: "a" })],
  ["SystemPackages", "yumProxy", (name) => new SystemPackages(name, { host, yumProxy: "a" })],
  ["Uwsgi", "processes", (name) => new Uwsgi(name, { host, ...application, processes: 0 })],
  [
    "DjangoApp",
    "keep",
    (name) => new DjangoApp(name, { host, ...app, allowedHosts: ["a"], keep: 0 }),
  ],
  [
    "DataMigration",
    "skipModels[0]",
    (name) =>
      new DataMigration(name, {
        host,
        dump: archive,
        app: new DjangoApp("old", { host, ...app, allowedHosts: ["a"] }),
        skipModels: ["A"],
      }),
  ],
  [
    "UwsgiService",
    "app",
    (name) =>
      new UwsgiService(name, {
        host,
        uwsgi: new Uwsgi("other", { host, ...application }),
        app: new DjangoApp("other", {
          host: new Host("other", { connection: rootConnection }),
          ...app,
          allowedHosts: ["a"],
        }),
      }),
  ],
];

it.each(refusals)(
  "%s names itself, the argument and its path in its error",
  (component, path, make) => {
    let error: unknown;
    try {
      make("mine");
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ArgumentsError);
    const { name, message, errors } = error as ArgumentsError;
    expect(name).toBe("ArgumentsError");
    expect(message.split("\n")[0]).toBe(`${component} "mine" can't take these arguments:`);
    expect(errors.map(({ propertyPath }) => propertyPath)).toEqual([path]);
  },
);

it("an argument that is too much has the advice to leave it out", () => {
  const options = ["http = :80"];
  expect(() => new Uwsgi("mine", { host, ...application, options })).toThrow(
    /options\[0\]\n {4}given: .*\n {4}allowed: other options: .*\n {4}fix: {5}leave it out/,
  );
});

it("a program that gives a site to no Nginx ends with an error that names it", async () => {
  await engine.settled();
  const run = await runInline(async () => {
    new NginxSite("lonely", { serverNames: ["a"], siteRoot: "/srv/a" });
    await Promise.resolve();
  });
  expect(run.error).toMatch(
    /NginxSite "lonely"\n {2}given: {3}no Nginx that serves it\n {2}allowed: one Nginx\n {2}fix: {5}new Nginx\(/,
  );
  expect(run.letsDelete).toBe(false);
});

describe("a secret that is not allowed is refused, and not shown", () => {
  const local = (): Host => new Host("host", { connection: rootConnection });
  const tracks = { database: "tracks", user: "deployer" };
  const found = {
    ...{ tunnelPort: 5432, server: "db.test", generation: "0123456789ab" },
    adopt: { role: false, database: false },
  };

  it.each<[component: string, argument: string, make: () => void]>([
    [
      'PostgresDatabase "mine"',
      "password",
      () => new PostgresDatabase("mine", { host: local(), ...tracks, password: "hush\\hush" }),
    ],
    [
      'PostgresDatabase "mine"',
      "password",
      () =>
        new PostgresDatabase("mine", {
          ...{ host: local(), ...tracks },
          password: pulumi.secret("hush\\hush"),
        }),
    ],
    [
      'PostgresDatabase "mine"',
      "external.adminPassword",
      () =>
        new PostgresDatabase("mine", {
          ...{ host: local(), ...tracks, found, password: "fine" },
          external: {
            ...({ host: "db.test", port: 5432, sslMode: "require" } as const),
            adminUser: "admin",
            adminPassword: "hush\\hush",
          },
        }),
    ],
    [
      'LinuxUser "mine"',
      "password",
      () =>
        new LinuxUser("mine", { host: local(), user: "me", password: pulumi.secret("hush\nx") }),
    ],
    [
      'LinuxUser "mine"',
      "password",
      () => new LinuxUser("mine", { host: local(), user: "me", password: "" }),
    ],
  ])("%s, %s", async (component, argument, make) => {
    const run = await runInline(async () => {
      make();
      await Promise.resolve();
    });
    expect(run.error).toContain(
      `${component} can't take these arguments:\n\n  ${argument}\n    given:   [secret]\n    allowed: one line`,
    );
    expect(run.error).not.toContain("hush");
  });
});
