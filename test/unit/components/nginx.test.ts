import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import type { NginxArgs } from "../../../components/args/Nginx";
import type { NginxSiteArgs } from "../../../components/args/NginxSite";
import { Nginx } from "../../../components/Nginx";
import { NginxSite } from "../../../components/NginxSite";
import { Host } from "../../../host/Host";
import { MockedEngine } from "../mockedEngine";
import { rootConnection } from "../rootConnection";
import { entryHeads } from "./entryLines";

const engine = new MockedEngine();

beforeEach(async () => {
  await engine.clear();
});

function site(name: string, args: Partial<NginxSiteArgs> = {}): NginxSite {
  return new NginxSite(name, { serverNames: [`${name}.test`], siteRoot: `/srv/${name}`, ...args });
}

function nginx(args: Partial<NginxArgs>): Nginx {
  const host = new Host("host", { connection: rootConnection });
  return new Nginx("nginx", { host, sites: [], ...args });
}

async function entries(): Promise<string[]> {
  return entryHeads((await engine.command("nginx")).inputs.stdin);
}

/** Lines of a file in the manifest. */
async function file(path: string): Promise<string> {
  const { stdin = "" } = (await engine.command("nginx")).inputs;
  return new RegExp(`^file ${path} .*\n((?:\\|.*\n)*)`, "m").exec(stdin)?.[1] ?? "";
}

describe("Nginx", () => {
  it("gives the sites' directories to their owner, and keeps everything else root's", async () => {
    nginx({ sitesOwner: "deployer", sites: [site("one")] });
    const owned = (await entries()).filter((line) => line.includes("owner=deployer"));
    expect(owned.map((line) => line.split(" ")[1])).toEqual([
      "/etc/nginx/sites-available",
      "/etc/nginx/sites-enabled",
      "/etc/nginx/sites-available/one",
    ]);
  });

  it("lets nginx write logs below /etc/nginx, of itself and of each site", async () => {
    nginx({ sites: [site("one"), site("two", { defaultServer: false })] });
    const found = await entries();
    expect(found).toContain("selinux-context httpd_log_t /etc/nginx/logs(/.*)?");
    for (const path of [
      ...["", "/nginx", "/nginx/log", "/domains", "/nginx/one", "/nginx/one/log"],
      ...["/domains/one", "/domains/one/log", "/nginx/two/log", "/domains/two/log"],
    ]) {
      expect(found).toContain(
        `directory /etc/nginx/logs${path} owner=root group=root mode=0755 context=httpd_log_t`,
      );
    }
  });

  it("removes the package's default server only for a site that takes its place", async () => {
    const vendors = "absent /etc/nginx/conf.d/default.conf of=package";
    nginx({ sites: [site("one"), site("two", { defaultServer: false })] });
    expect(await entries()).toContain(vendors);
    await engine.clear();
    nginx({ sites: [site("one", { defaultServer: false })] });
    expect((await entries()).join("\n")).not.toContain("default.conf");
  });

  it("opens its ports and ends with its service", async () => {
    nginx({ openPorts: [80, 8080] });
    expect((await entries()).slice(-3)).toEqual([
      "firewall-port tcp 80",
      "firewall-port tcp 8080",
      "service nginx",
    ]);
  });

  it("writes its settings into nginx.conf", async () => {
    nginx({
      user: "www",
      workerProcesses: 3,
      workerConnections: 99,
      clientMaxBodySizeMegabytes: 7,
    });
    const conf = await file("/etc/nginx/nginx.conf");
    expect(conf).toMatch(/^\| user www;$/m);
    expect(conf).toMatch(/^\| worker_processes 3;$/m);
    expect(conf).toMatch(/worker_connections 99;/);
    expect(conf).toMatch(/client_max_body_size 7m;/);
  });

  it("has every log rotated, and a new one belong to the user of its workers", () => {
    const { rotation } = nginx({ user: "www", sites: [site("one")] });
    expect(rotation).toMatchObject({
      file: "nginx",
      createOwner: "www",
      logs: [
        "/var/log/nginx/*.log",
        "/etc/nginx/logs/nginx/log/*.log",
        "/etc/nginx/logs/nginx/one/log/*.log",
        "/etc/nginx/logs/domains/one/log/*.log",
      ],
    });
  });

  it("refuses what a site and nginx can't take, each by its name", () => {
    expect(() => nginx({ workerConnections: 1, openPorts: [0] })).toThrow(
      /^Nginx "nginx" can't take these arguments:\n[^]*workerConnections\n[^]*openPorts\[0\]\n/,
    );
    expect(() => site("one", { serverNames: [], snippet: "gzip on" })).toThrow(
      /^NginxSite "one" can't take these arguments:\n[^]*serverNames\n[^]*snippet\n/,
    );
  });
});

describe("sites of one Nginx", () => {
  const second = { defaultServer: false };

  it("may share a directory, also one site for two uses: the manifest has it once", async () => {
    nginx({
      sites: [
        site("one", { staticRoot: "/data/files", mediaRoot: "/data/files" }),
        site("two", { staticRoot: "/data/files", ...second }),
        site("log", second),
      ],
    });
    const found = await entries();
    expect(found.filter((line) => line.includes("/data/files"))).toHaveLength(2);
    const paths = found
      .filter((line) => /^(?:file|directory|symlink|absent) /.test(line))
      .map((line) => line.split(" ")[1]);
    expect(new Set(paths).size).toBe(paths.length);
  });

  it("are refused, both by name, where they need one path for two things", () => {
    const both = (path: string, one: string, other: string) =>
      new RegExp(`${path} twice.*\n {2}given: +NginxSite "${one}" and NginxSite "${other}"\n`);
    expect(() =>
      nginx({ sites: [site("one"), site("two", { siteRoot: "/srv/one", ...second })] }),
    ).toThrow(both("/srv/one/html/index.html", "one", "two"));
    expect(() =>
      nginx({ sites: [site("three"), site("four", { site: "three", ...second })] }),
    ).toThrow(both("/etc/nginx/sites-available/three", "three", "four"));
    expect(() => nginx({ sites: [site("five", { staticRoot: "/srv/five" })] })).toThrow(
      /\/srv\/five twice.*\n {2}given: +NginxSite "five", which needs it for two things\n/,
    );
  });

  it("have one default server for each port, which is every site that does not say otherwise", async () => {
    const refused =
      /^Port 80 has two default servers\n {2}given: +NginxSite "one" and NginxSite "two": [^]*defaultServer: false/;
    expect(() => nginx({ sites: [site("one"), site("two")] })).toThrow(refused);
    nginx({ sites: [site("three"), site("four", { listenPort: pulumi.output(8080) })] });
    expect((await entries()).join("\n")).toContain("sites-available/four");
  });
});

describe("NginxSite", () => {
  it("without an application serves its own directories, each with its type", async () => {
    nginx({ sites: [site("one", { staticRoot: "/data/static", mediaRoot: "/data/media" })] });
    const found = await entries();
    for (const path of ["/srv/one/html", "/data/static", "/data/media"]) {
      expect(found).toContain(`selinux-context httpd_sys_content_t ${path}(/.*)?`);
      expect(found).toContain(
        `directory ${path} owner=root group=root mode=0755 context=httpd_sys_content_t`,
      );
    }
    expect(await file("/srv/one/html/index.html")).toContain("one.test");
    const server = await file("/etc/nginx/sites-available/one");
    expect(server).toMatch(/alias \/data\/static\/;/);
    expect(server).toMatch(/alias \/data\/media\/;/);
  });

  it("with an application labels what each release will have", async () => {
    const application = { socket: "127.0.0.1:8001", harakiriSeconds: 30 };
    nginx({
      sites: [
        site("one", { application }),
        site("two", { application, staticRoot: "/st", defaultServer: false }),
      ],
    });
    const types = (await entries()).filter((line) =>
      /selinux-context httpd_sys_content_t/.test(line),
    );
    expect(types.map((line) => line.split(" ")[2])).toEqual([
      "/srv/one(/releases|/shared(/one)?)?",
      "/srv/one/releases/[^/]+/[^/]+/staticfiles(/.*)?",
      "/srv/one/shared/one/media(/.*)?",
      "/srv/one/one",
      "/srv/two(/releases|/shared(/two)?)?",
      "/srv/two/releases/[^/]+/[^/]+/staticfiles(/.*)?",
      "/srv/two/shared/two/media(/.*)?",
      "/st(/.*)?",
    ]);
  });

  it("has the URL of its first name, with its port where that is not 80", async () => {
    const url = (made: NginxSite) => new Promise((resolve) => made.url.apply(resolve));
    const plain = site("one", { serverNames: ["a.test", "b.test"] });
    const other = site("two", { listenPort: pulumi.output(8080) });
    nginx({ sites: [plain, other] });
    expect(await url(plain)).toBe("http://a.test");
    expect(await url(other)).toBe("http://two.test:8080");
  });

  it("is described by its name, root, names and port", async () => {
    nginx({ sites: [site("one", { site: "other", snippet: "gzip on;" })] });
    await engine.settled();
    expect(engine.registered.find(({ type }) => type === "tracks:index:NginxSite")?.inputs).toEqual(
      {
        site: "other",
        siteRoot: "/srv/one",
        serverNames: ["one.test"],
        listenPort: 80,
      },
    );
  });
});
