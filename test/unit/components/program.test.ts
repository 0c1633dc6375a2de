import { dirname } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { LinuxUser } from "../../../components/LinuxUser";
import { Logrotate } from "../../../components/Logrotate";
import { Nginx } from "../../../components/Nginx";
import { NginxSite } from "../../../components/NginxSite";
import type { NginxSiteArgs } from "../../../components/args/NginxSite";
import { RobotsTxt } from "../../../components/RobotsTxt";
import { SystemPackages } from "../../../components/SystemPackages";
import { Host } from "../../../host/Host";
import { Secret } from "../../../host/secret";
import type { AppliedResource, HostFacts } from "../../../host/facts";
import { MockedEngine, type Registered } from "../mockedEngine";
import { operator, rootConnection } from "../rootConnection";

const engine = new MockedEngine();

const robotsPath = "/microarray/robots/robots.txt";

function site(host: Host): NginxSite {
  const made = new NginxSite("tracks", {
    serverNames: ["tracks.test"],
    siteRoot: "/microarray",
    listenPort: 8080,
    locations: [new RobotsTxt("robots", { host, path: robotsPath })],
  });
  new Nginx("nginx", { host, sitesOwner: "deployer", openPorts: [8080], sites: [made] });
  return made;
}

/** What nginx is told of a site with these settings. */
async function treeOf(args: Partial<NginxSiteArgs>): Promise<string> {
  const made = new NginxSite("tracks", {
    serverNames: ["tracks.test"],
    siteRoot: "/microarray",
    ...args,
  });
  new Nginx("nginx", { host: new Host("host", { connection: rootConnection }), sites: [made] });
  return (await command("nginx")).inputs.stdin ?? "";
}

const command = (name: string): Promise<Registered> => engine.command(name);

/** The name under which the host keeps a command's resource. */
function nameOnHost({ inputs }: Registered): string {
  return / apply (\S+)/.exec(inputs.create ?? "")?.[1] ?? "";
}

const notInstalled = { name: "package git", reason: "is not installed" };

function facts(resources: Record<string, AppliedResource>): HostFacts {
  return {
    distribution: "CentOS Stream release 9",
    facts: new Map(),
    problems: [],
    resources: new Map(Object.entries(resources)),
  };
}

beforeEach(async () => {
  await engine.clear();
});

describe("the program", () => {
  it("registers nginx's whole tree as one command, with every component's part", async () => {
    site(new Host("host", { connection: rootConnection }));
    const { stdin } = (await command("nginx")).inputs;
    expect(stdin).toContain("file /etc/nginx/nginx.conf ");
    expect(stdin).toContain("file /etc/nginx/sites-available/tracks owner=deployer ");
    expect(stdin).toContain("symlink /etc/nginx/sites-enabled/tracks -> ../sites-available/tracks");
    expect(stdin).toContain("file /etc/nginx/locations/tracks/robots.conf ");
    expect(stdin).toContain("selinux-port http_port_t tcp 8080");
    expect(stdin).toContain("firewall-port tcp 8080");
    expect(stdin).toMatch(/service nginx\nend\n$/);
    expect(engine.commands()).toHaveLength(3);
  });

  it("labels a site root whose name has a dot, and no path that looks like it", async () => {
    const path = "/srv/www.tracks/robots/robots.txt";
    const host = new Host("other", { connection: rootConnection });
    await treeOf({
      siteRoot: "/srv/www.tracks",
      locations: [new RobotsTxt("robots", { host, path })],
    });
    const contexts = [await command("nginx"), await command("robots")].map(({ inputs }) =>
      inputs.stdin?.split("\n").filter((line) => line.includes("httpd_sys_content_t /srv")),
    );
    expect(contexts.flat()).toEqual(
      ["(/html)?", "/html(/.*)?", "/static(/.*)?", "/media(/.*)?", "/robots(/.*)?"].map(
        (below) => `selinux-context httpd_sys_content_t /srv/www\\.tracks${below}`,
      ),
    );
  });

  it("labels each directory on the path to an application's files", async () => {
    const stdin = await treeOf({
      application: { socket: "127.0.0.1:8001", harakiriSeconds: 30 },
    });
    const rules = [...stdin.matchAll(/^selinux-context httpd_sys_content_t (.*)$/gm)].map(
      ([, pattern = ""]) => new RegExp(`^${pattern}$`),
    );
    const files = ["releases/tracks/1/staticfiles/a/b.css", "shared/tracks/media/a/b.txt"];
    for (const file of files) {
      for (let path = `/microarray/${file}`; path !== "/"; path = dirname(path)) {
        // The application labels its releases itself.
        if (/^\/microarray\/releases\/tracks(\/1)?$/.test(path)) continue;
        expect(
          rules.some((rule) => rule.test(path)),
          path,
        ).toBe(true);
      }
    }
  });

  it("takes values that are known only later, and keeps secrets among them", async () => {
    const later = <T>(value: T) => pulumi.output(Promise.resolve(value));
    const host = new Host("host", { connection: rootConnection });
    const robots = new RobotsTxt("robots", {
      host,
      path: robotsPath,
      rules: [later("User-agent: x")],
    });
    const made = new NginxSite("tracks", {
      serverNames: later(["later.test"]),
      siteRoot: "/microarray",
      listenPort: later(8080),
      application: { socket: later("127.0.0.1:8001"), harakiriSeconds: 30 },
      snippet: pulumi.secret("# token"),
      locations: [robots],
    });
    new Nginx("nginx", {
      host,
      sites: [made],
      workerConnections: later(77),
      openPorts: later([8080]),
    });
    new Logrotate("logs", {
      host,
      file: "nginx",
      logs: ["/a/*.log"],
      postrotate: "true",
      rotate: later(9),
    });
    expect((await command("nginx")).inputs.stdin).toMatchObject({
      value: expect.stringMatching(
        /worker_connections 77;[^]*listen +8080 [^]*server_name later.test;[^]*# token[^]*selinux-port http_port_t tcp 8080/,
      ) as string,
    });
    expect((await command("robots")).inputs.stdin).toContain("| User-agent: x\n");
    expect((await command("logs")).inputs.stdin).toMatch(/rotate 9$/m);
    await expect(new Promise((resolve) => made.url.apply(resolve))).resolves.toBe(
      "http://later.test:8080",
    );
  });

  it("uses values in the form that their kinds give them", async () => {
    const stdin = await treeOf({
      listenPort: pulumi.output("443" as unknown as number),
      snippet: "client_body_timeout 30s;\r\n",
    });
    expect(stdin).toContain("listen 443 default_server;");
    expect(stdin).not.toMatch(/selinux-port|\r/);
  });

  it("lets transform change a file before it goes to the host", async () => {
    const host = new Host("host", { connection: rootConnection });
    const made = new NginxSite("tracks", {
      serverNames: ["tracks.test"],
      siteRoot: "/microarray",
      transform: ({ path, content }) =>
        path === "/etc/nginx/sites-available/tracks" ? `# of the site\n${content}` : content,
    });
    new Nginx("nginx", {
      host,
      sites: [made],
      transform: ({ path, content }) =>
        path === "/etc/nginx/nginx.conf"
          ? content.replace("worker_processes auto", "user me")
          : content,
    });
    const { stdin } = (await command("nginx")).inputs;
    expect(stdin).toMatch(
      /^file \/etc\/nginx\/sites-available\/tracks [^\n]*\n\| # of the site\n/m,
    );
    expect(stdin).toMatch(/^\| user me;/m);
    expect(stdin?.match(/# of the site/g)).toHaveLength(1);
  });

  it.each<[port: number, told: boolean]>([
    [8443, false],
    [81, true],
    [9000, true],
  ])("gives port %i its SELinux type unless every policy knows it: %s", async (port, told) => {
    const stdin = await treeOf({ listenPort: port });
    expect(stdin.includes(`selinux-port http_port_t tcp ${port}\n`)).toBe(told);
  });

  it("refuses a site that two Nginx take, and names it", () => {
    const host = new Host("host", { connection: rootConnection });
    const taken = site(host);
    expect(() => new Nginx("second", { host, sites: [taken] })).toThrow(
      /^NginxSite "tracks"\n {2}given: {3}the Nginx "nginx" and the Nginx "second"/,
    );
  });

  it("keeps commands constant and short: what changes travels in stdin", async () => {
    const host = new Host("host", { connection: rootConnection });
    site(host);
    const { inputs } = await command("robots");
    expect(inputs.create).toMatch(
      /^\/usr\/local\/libexec\/tracks\/tracks\.test apply robots-[0-9a-f]{6}$/,
    );
    expect(inputs.delete).toMatch(
      /^\/usr\/local\/libexec\/tracks\/tracks\.test remove robots-[0-9a-f]{6}$/,
    );
  });

  it("names a component that moved in the program as another owner on the host", async () => {
    const host = new Host("host", { connection: rootConnection });
    new SystemPackages("one", { host });
    new SystemPackages("two", { host });
    const [one, two] = [await command("one"), await command("two")];
    expect(nameOnHost(one)).not.toBe(nameOnHost(two));
  });

  it("asks for a repair when the host drifted, also in a replacement", async () => {
    const first = new SystemPackages("packages", {
      host: new Host("a", { connection: rootConnection }),
    });
    const name = nameOnHost(await command("packages"));
    expect(first.place).toBe("SystemPackages:packages");
    for (const [drift, repair] of [
      [[], 3],
      [[notInstalled], 4],
    ] as const) {
      await engine.clear();
      const host = new Host(`host-${repair}`, {
        connection: rootConnection,
        facts: facts({
          [name]: {
            drift,
            repair: 3,
            manifest: undefined,
            via: undefined,
          },
        }),
      });
      new SystemPackages("packages", { host });
      const { create, update } = (await command("packages")).inputs;
      expect(create).toMatch(new RegExp(`--repair ${repair}$`));
      expect(update).toBeUndefined();
    }
  });

  it.each<[program: string, isPreview: boolean, args: object, ignored: string[]]>([
    ["a program that never looks at the host", false, {}, []],
    ["its preview", true, {}, []],
    ["a preview that can't reach the host", true, { facts: undefined }, ["create"]],
    ["an up that knows nothing of the host", false, { facts: undefined }, []],
    ["a preview that knows the host", true, { facts: facts({}) }, []],
  ])(
    "changes a command with its login and time limit: %s",
    (_program, isPreview, args, ignored) => {
      vi.spyOn(pulumi.runtime, "isDryRun").mockReturnValue(isPreview);
      onTestFinished(() => {
        vi.restoreAllMocks();
      });
      const found: unknown[] = [];
      const transformations: pulumi.ResourceTransformation[] = [
        ({ type, opts }) => {
          const { ignoreChanges } = opts as pulumi.CustomResourceOptions;
          if (type === "command:remote:Command") found.push(ignoreChanges);
          return undefined;
        },
      ];
      const host = new Host("host", { connection: rootConnection, ...args }, { transformations });
      new SystemPackages("packages", { host }, { transformations });
      expect(found).toEqual([ignored, ignored]);
    },
  );

  it("reports drift in a preview only, since up and destroy run the same program", async () => {
    new SystemPackages("packages", { host: new Host("first", { connection: rootConnection }) });
    const name = nameOnHost(await command("packages"));
    const drifted = {
      drift: [notInstalled, { name: undefined, reason: "its last run was interrupted" }],
      repair: 0,
      manifest: undefined,
      via: undefined,
    } as const;
    const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    for (const [isPreview, times] of [
      [false, 0],
      [true, 1],
    ] as const) {
      vi.spyOn(pulumi.runtime, "isDryRun").mockReturnValue(isPreview);
      const host = new Host(`host-${String(isPreview)}`, {
        connection: rootConnection,
        facts: facts({ [name]: drifted }),
      });
      new SystemPackages("packages", { host });
      expect(warn).toHaveBeenCalledTimes(times);
    }
    expect(warn.mock.calls[0]?.[0]).toBe(
      [
        "packages: the host differs from what was last applied",
        "  fix:     pulumi up   (repairs it)",
        "  reason:  package git: is not installed",
        "           its last run was interrupted",
      ].join("\n"),
    );
  });

  it("keeps the password in a command of its own, out of every command line", async () => {
    const host = new Host("host", { connection: rootConnection });
    new LinuxUser("deployer", {
      host,
      user: "deployer",
      password: pulumi.secret("hunter2"),
      services: ["nginx"],
    });
    const account = await command("deployer");
    expect(account.inputs.stdin).not.toContain("hunter2");
    expect(account.inputs.stdin).toContain("check=sudoers");
    const { create, delete: remove } = (await command("deployer-password")).inputs;
    expect(`${create} ${remove}`).not.toContain("hunter2");
  });

  it("allows the host's logrotate to write to logs in /etc, and adds nothing for those in /var/log", async () => {
    const host = new Host("host", { connection: rootConnection });
    const logs = [
      "/etc/nginx/logs/nginx/log/*.log",
      "/etc/uwsgi/log/u.log",
      "/var/log/nginx/*.log",
    ];
    new Logrotate("logs", { host, file: "nginx", logs, postrotate: "true" });
    const { stdin } = (await command("logs")).inputs;
    const unit = "unit=logrotate.service";
    const dropIns = "/etc/systemd/system/logrotate.service.d";
    expect(stdin).toContain(`directory ${dropIns} owner=root group=root mode=0755 ${unit}\n`);
    expect(stdin).toMatch(new RegExp(`file ${dropIns}/tracks-nginx.conf .* ${unit}\n`));
    expect(stdin?.match(/^\| ReadWritePaths=.*/gm)).toEqual([
      "| ReadWritePaths=-/etc/nginx/logs/nginx/log",
      "| ReadWritePaths=-/etc/uwsgi/log",
    ]);
    new Logrotate("more", { host, file: "uwsgi", logs: ["/var/log/x.log"], postrotate: "true" });
    expect((await command("more")).inputs.stdin).not.toContain("systemd");
  });

  it("passes a sudo password before the manifest, and wants no terminal of sudo", async () => {
    const host = new Host("host", {
      connection: {
        ...rootConnection,
        user: "operator",
        privilege: { kind: "password", password: new Secret("sesame") },
      },
    });
    new Logrotate("logs", { host, file: "nginx", logs: ["/var/log/x"], postrotate: "true" });
    const { create } = (await command("logs")).inputs;
    expect(create).toMatch(/^sudo .*-S/);
    expect(create).not.toContain("sesame");
  });

  it("shows changed lines where Pulumi can't for a sudo password, but none beside a secret value", async () => {
    const info = vi.spyOn(pulumi.log, "info").mockResolvedValue();
    onTestFinished(() => {
      info.mockRestore();
    });
    const applied: AppliedResource = {
      drift: [],
      manifest: ["before"],
      repair: 0,
      via: undefined,
    };
    const facts: HostFacts = {
      distribution: "",
      facts: new Map(),
      problems: [],
      // Whatever it is called there.
      resources: Object.assign(new Map<string, AppliedResource>(), { get: () => applied }),
    };
    const login = { ...rootConnection, ...operator("sesame") };
    for (const snippet of ["# plain", pulumi.secret("# token")]) {
      const host = new Host("host", { connection: login, facts });
      const site = new NginxSite("tracks", { serverNames: ["a.test"], siteRoot: "/srv", snippet });
      new Nginx("nginx", { host, sites: [site] });
      await command("nginx");
    }
    const shown = info.mock.calls.map(([text]) => text).join("\n");
    expect(shown).toContain("# plain");
    expect(shown).not.toContain("# token");
  });
});
