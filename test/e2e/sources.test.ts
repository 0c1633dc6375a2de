import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Deployment } from "./deployment";
import { diagnostics } from "./diagnostics";

/** Two of the stack's own: one that is off, and one whose nginx is newer than the host's. */
const repositories = [
  { id: "extra", baseurl: "file:///srv/extra", gpgcheck: false, enabled: false },
  { id: "newer", baseurl: "file:///usr/lib/lab/repository-of-others", gpgcheck: false },
];

/** A host with a mirror that nobody answers, a default stream, and without service(8). */
const prepareHost = `
cat >/etc/yum.repos.d/mirror.repo <<'REPO'
[mirror]
name=A mirror
baseurl=http://127.0.0.1:9/
gpgcheck=0
enabled=0
REPO
mkdir -p /etc/dnf/modules.defaults.d
cat >/etc/dnf/modules.defaults.d/postgresql.yaml <<'DEFAULTS'
---
document: modulemd-defaults
version: 1
data:
  module: postgresql
  stream: "16"
DEFAULTS
rpm -e --nodeps initscripts-service 2>/dev/null`;
/** Where packages come from, and what else the host's administrator may choose. */
describe("package sources and choices", () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.create("sources");
    await deployment.onHost(prepareHost);
    await deployment.set("serverNames", '["tracks.example.org"]');
    await deployment.set("pipIndexUrl", "http://mirror.example.org/simple");
    await deployment.set("sitesOwner", "root");
    await deployment.set("listenPort", "8090");
  });
  afterAll(() => deployment.dispose());

  it("are announced as refused, in dnf's words, when a repository can't be reached", async () => {
    const mirror = "/etc/yum.repos.d/mirror.repo";
    await deployment.onHost(`sed -i s/enabled=0/enabled=1/ ${mirror}`);
    onTestFinished(async () => {
      await deployment.onHost(`sed -i s/enabled=1/enabled=0/ ${mirror}`);
    });
    expect(diagnostics(await deployment.succeed("preview"))).toMatch(
      /up will be refused:\s[^]*can't reach a package repository[^]*or disable the repository[^]*repo 'mirror': Cannot download repomd\.xml[^]*Curl error \(7\): /,
    );
  });

  it("are announced as refused where the host has two other streams, which are named", async () => {
    await deployment.set("moduleStreams", '["postgresql:17"]');
    expect(diagnostics(await deployment.succeed("preview"))).toMatch(
      /up will be refused:\s+.*no module stream postgresql:17 \(they have 15 16\): correct tracks:moduleStreams/,
    );
    await deployment.set("moduleStreams", '["postgresql:15"]');
  });

  it("are all installed after the up", async () => {
    await deployment.set("yumRepositories", JSON.stringify(repositories));
    await deployment.set("extraPackages", '["no-such-package|sqlite","uwsgi"]');
    await deployment.up();
    expect(await deployment.onHost("cat /etc/yum.repos.d/extra.repo")).toContain(
      "baseurl=file:///srv/extra\nenabled=0\ngpgcheck=0",
    );
    // Another stream is the default one.
    expect(await deployment.onHost("dnf -q module list --enabled 2>/dev/null")).toMatch(
      /^postgresql 15 \[e\]/m,
    );
    expect(await deployment.onHost("cat /etc/pip.conf")).toContain(
      "index-url = http://mirror.example.org/simple",
    );
    expect(await deployment.onHost("rpm -qf /usr/sbin/uwsgi /usr/sbin/service")).toMatch(
      /^uwsgi-.*\ninitscripts-service-/,
    );
  });

  it("may be an nginx with a default server of its own in conf.d, which is set aside", async () => {
    expect(await deployment.onHost("rpm -q nginx")).toMatch(/^nginx-1\.24/);
    expect(await deployment.onHost("rpm -V nginx-core || true")).toMatch(
      /^missing +c \/etc\/nginx\/conf\.d\/default\.conf$/m,
    );
    await deployment.onHost("nginx -t");
  });

  it("install the first name that the repositories know", async () => {
    expect(await deployment.onHost("rpm -q sqlite")).toMatch(/^sqlite-/);
  });

  it("install a package by a name that it only provides", async () => {
    expect(await deployment.onHost("rpm -q python3-devel || true")).toBe(
      "package python3-devel is not installed",
    );
    expect(await deployment.onHost("rpm -q --whatprovides python3-devel")).toMatch(
      /^python3\.11-devel-/,
    );
  });

  it("give the sites to root where a setting says so", async () => {
    expect(await deployment.onHost("stat -c %U /etc/nginx/sites-available")).toBe("root");
  });

  it("let nginx listen elsewhere", async () => {
    const response = await fetch(`http://${deployment.host.address}:8090/robots.txt`);
    expect(response.status).toBe(200);
  });

  it("are all named at once when they are wrong, before anything is touched", async () => {
    await deployment.set("listenPort", "0");
    await deployment.set("siteRoot", "microarray");
    await deployment.set("serverName", "typo.example.org");
    const printed = await deployment.upFails();
    expect(printed).toMatch(/tracks:listenPort/);
    expect(printed).toMatch(/tracks:siteRoot/);
    expect(printed).toMatch(/tracks:serverName\b[^]*tracks:serverNames/);
    expect((await fetch(`http://${deployment.host.address}:8090/robots.txt`)).status).toBe(200);
  });
});
