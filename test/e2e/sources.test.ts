import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Deployment } from "./deployment";

/** Where packages come from, and what else the host's administrator may choose. */
describe("package sources and choices", () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.create("sources");
    await deployment.set("serverNames", '["tracks.example.org"]');
    await deployment.set(
      "yumRepositories",
      '[{"id":"extra","baseurl":"file:///srv/extra","gpgcheck":false,"enabled":false}]',
    );
    await deployment.set("moduleStreams", '["postgresql:15"]');
    await deployment.set("extraPackages", '["no-such-package|sqlite"]');
    await deployment.set("pipIndexUrl", "http://mirror.example.org/simple");
    await deployment.set("sitesOwner", "root");
    await deployment.set("listenPort", "8090");
    await deployment.up();
  });
  afterAll(() => deployment.dispose());

  it("reach yum, dnf's modules and pip", async () => {
    expect(await deployment.onHost("cat /etc/yum.repos.d/extra.repo")).toContain(
      "baseurl=file:///srv/extra\nenabled=0\ngpgcheck=0",
    );
    expect(await deployment.onHost("dnf -q module list --enabled 2>/dev/null")).toContain(
      "postgresql",
    );
    expect(await deployment.onHost("cat /etc/pip.conf")).toContain(
      "index-url = http://mirror.example.org/simple",
    );
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

  it("give the sites to root where that is asked for", async () => {
    expect(await deployment.onHost("stat -c %U /etc/nginx/sites-available")).toBe("root");
  });

  it("open another port to nginx in SELinux", async () => {
    const response = await fetch(`http://${deployment.host.address}:8090/robots.txt`);
    expect(response.status).toBe(200);
    expect(await deployment.onHost("semanage port -l | grep ^http_port_t")).toContain("8090");
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
