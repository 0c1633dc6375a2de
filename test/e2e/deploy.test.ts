import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Deployment } from "./deployment";
import { RequestLoop } from "./requestLoop";
import { rotateByService } from "./rotation";
import { CommandLines } from "./secrets";

/**
 * The life of a site on one host: first deploy, what a visitor sees, no-op; changes, what they show
 * before, what they touch, and what is refused; destroy.
 */
describe("a deployment", () => {
  let deployment: Deployment;
  let commandLines: CommandLines;
  let printed: string;
  let vendorConf: string;

  beforeAll(async () => {
    deployment = await Deployment.create("first");
    await deployment.set("serverNames", '["old.example.org"]');
    // A larger disk's directory in the site root's place, by a link that the administrator made.
    await deployment.onHost("mkdir -p /data/microarray; ln -s data/microarray /microarray");
    commandLines = await CommandLines.watch(deployment);
    printed = await deployment.up();
    await commandLines.stop();
    await deployment.onHost("echo x >/microarray/static/LICENSE; echo y >/microarray/media/upload");
  });
  afterAll(() => deployment.dispose());

  it("serves robots.txt, byte for byte", async () => {
    const response = await deployment.get("/robots.txt");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect(await response.text()).toBe("User-agent: *\nDisallow: /\n");
  });

  it.each<[uri: string, status: number, location?: string]>([
    ["/", 200],
    ["/about", 301, "/about/"],
    ["/about?q=1&r=a%2Fb", 301, "/about/?q=1&r=a%2Fb"],
    ["/about?", 301, "/about/"],
    ["/a/b/c", 301, "/a/b/c/"],
    ["/about/", 404],
    ["/about/?q=1", 404],
    ["/file.txt", 404],
    ["/v1.2/files", 404],
    ["/a%20b", 301, "/a%20b/"],
    ["/%C3%BC", 301, "/%C3%BC/"],
    ["//evil", 301, "/evil/"],
    ["/a%0d%0aX-Injected:1", 301, "/a%0D%0AX-Injected:1/"],
    ["/static/nothing", 404],
    ["/static/LICENSE", 200],
    ["/media/upload", 200],
    ["/robots.txt", 200],
  ])("answers %s with %i %s", async (uri, status, location) => {
    const response = await deployment.get(uri);
    expect(response.status).toBe(status);
    const given = response.headers.get("location");
    const relative = given?.replace(/^http:\/\/[^/]+/, "");
    expect(relative).toBe(location);
    expect(response.headers.get("x-injected")).toBeNull();
  });

  it("runs the workers as nginx, under the configuration in /etc/nginx", async () => {
    const users = await deployment.onHost("ps -C nginx -o user= | sort | uniq");
    expect(users.split("\n")).toEqual(["nginx", "root"]);
  });

  it("makes the sites' directories and the log directories of the notes", async () => {
    const modes = await deployment.onHost(
      "stat -c '%U %F %n' /etc/nginx/sites-available /etc/nginx/sites-enabled " +
        "/etc/nginx/logs/nginx/tracks/log /etc/nginx/logs/nginx/log /etc/nginx/logs/domains/tracks/log",
    );
    expect(modes.split("\n")).toEqual([
      "deployer directory /etc/nginx/sites-available",
      "deployer directory /etc/nginx/sites-enabled",
      "root directory /etc/nginx/logs/nginx/tracks/log",
      "root directory /etc/nginx/logs/nginx/log",
      "root directory /etc/nginx/logs/domains/tracks/log",
    ]);
    expect(await deployment.onHost("readlink /etc/nginx/sites-enabled/tracks")).toBe(
      "../sites-available/tracks",
    );
  });

  it("writes the site's access log where the notes look for it", async () => {
    await deployment.get("/in-the-log/");
    expect(await deployment.onHost("cat /etc/nginx/logs/domains/tracks/log/access.log")).toContain(
      "GET /in-the-log/",
    );
  });

  it("lets deployer handle the services through /sbin/service, and nothing else", async () => {
    const asDeployer = (command: string) =>
      deployment.onHost(
        `su deployer -c 'sudo -n ${command}' >/dev/null 2>&1 && echo yes || echo no`,
      );
    expect(await asDeployer("/sbin/service nginx status")).toBe("yes");
    expect(await asDeployer("/sbin/service nginx reload")).toBe("yes");
    expect(await asDeployer("/sbin/service sshd status")).toBe("no");
    expect(await asDeployer("/bin/cat /etc/shadow")).toBe("no");
  });

  it("gives deployer no pager as root, from which a shell could be had", async () => {
    await deployment.onHost(
      "echo 'deployer ALL=(root) NOPASSWD: /usr/bin/env' >/etc/sudoers.d/zz-look",
    );
    const environment = await deployment.onHost(
      "su deployer -c 'SYSTEMD_PAGER=less PAGER=less sudo -n /usr/bin/env'; rm /etc/sudoers.d/zz-look",
    );
    expect(environment).toMatch(/^SYSTEMD_PAGER=cat$/m);
    expect(environment).toMatch(/^PAGER=cat$/m);
  });

  it("logs deployer in with the configured password", async () => {
    const hash = await deployment.onHost("getent shadow deployer | cut -d: -f2");
    expect(hash).toMatch(/^\$/);
  });

  it("installs the packages of the notes", async () => {
    const missing = await deployment.onHost(
      "rpm -q --whatprovides nginx git gcc make logrotate postgresql libpq-devel sqlite-devel python3-devel | grep -v '^[a-z].*-[0-9]' || true",
    );
    expect(missing).toBe("");
  });

  it.each([1, 2])(
    "rotates nginx's and the site's logs by the host's own service, and nginx writes on: %i",
    async (turn) => {
      const logs = "/etc/nginx/logs/domains/tracks/log";
      await deployment.get(`/before-rotation-${turn}/`);
      await rotateByService(deployment);
      expect(await deployment.onHost(`cat ${logs}/access.log-$(date +%Y%m%d)`)).toContain(
        `GET /before-rotation-${turn}/`,
      );
      await deployment.get(`/after-rotation-${turn}/`);
      expect(await deployment.onHost(`cat ${logs}/access.log`)).toContain(
        `GET /after-rotation-${turn}/`,
      );
      expect(await deployment.onHost(`stat -c '%U %G' ${logs}/access.log`)).toBe("nginx deployer");
    },
  );

  it("changes nothing the second time", async () => {
    const text = await deployment.up();
    expect(text).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("shows the deployer's password nowhere", async () => {
    const password = deployment.host.secrets.deployerPassword;
    expect(printed).not.toContain(password);
    expect(await deployment.state()).not.toContain(password);
    expect(await commandLines.seen()).toContain("tracks.first apply");
    expect(await commandLines.seen()).not.toContain(password);
    const readableByOthers = await deployment.onHost(
      `grep -rlFs --exclude-dir=proc --exclude-dir=sys --exclude-dir=opt '${password}' /etc /var /home /root /tmp /usr/local /run || true`,
    );
    expect(readableByOthers).toBe("");
  });

  describe("a change", () => {
    const master = () => deployment.onHost("systemctl show -p MainPID --value nginx");
    const workers = () =>
      deployment.onHost("pgrep -P $(systemctl show -p MainPID --value nginx) | sort");

    it("shows as changed lines, reloads nginx without a restart and loses no request", async () => {
      await deployment.set("serverNames", '["new.example.org"]');
      const preview = await deployment.succeed("preview", "--diff");
      expect(preview).toMatch(/^\s*- .*server_name old\.example\.org;/m);
      expect(preview).toMatch(/^\s*\+ .*server_name new\.example\.org;/m);

      const before = { master: await master(), workers: await workers() };
      const loop = RequestLoop.start(`http://${deployment.host.address}/`);
      const printed = await deployment.up();
      const requests = await loop.stop();

      // The site, which shows what it is given, and nginx's tree.
      expect(printed).toMatch(/2 updated/);
      expect(await master()).toBe(before.master);
      expect(await workers()).not.toBe(before.workers);
      expect(requests.failures).toEqual([]);
      expect(requests.answered).toBeGreaterThan(50);
      expect(await deployment.onHost("cat /etc/nginx/sites-enabled/tracks")).toContain(
        "new.example.org",
      );
    });

    it("that nginx refuses leaves the old site serving, and is refused again", async () => {
      await deployment.set("siteSnippet", "no_such_directive on;");
      const before = await deployment.onHost("sha256sum /etc/nginx/sites-available/tracks");
      for (const attempt of ["first", "second"]) {
        const printed = await deployment.upFails();
        expect(printed, attempt).toContain('unknown directive "no_such_directive"');
        expect((await deployment.get("/")).status, attempt).toBe(200);
        expect(await deployment.onHost("sha256sum /etc/nginx/sites-available/tracks")).toBe(before);
      }
      await deployment.unset("siteSnippet");
      await deployment.up();
    });

    it("that passes nginx's test and fails at the reload is reported and taken back", async () => {
      await deployment.onHost(
        "setsid python3 -m http.server 8008 --directory /var/empty >/dev/null 2>&1 </dev/null & echo $! >/run/occupant",
      );
      await deployment.set("listenPort", "8008");
      const printed = await deployment.upFails();
      expect(printed).toMatch(/bind\(\) to 0\.0\.0\.0:8008 failed/);
      expect((await deployment.get("/")).status).toBe(200);
      expect(await deployment.onHost("cat /etc/nginx/sites-available/tracks")).toContain(
        "listen 80 ",
      );

      await deployment.onHost("kill $(cat /run/occupant)");
      await deployment.unset("listenPort");
      await deployment.up();
    });

    it("that fails in two components reports both, and a third is still applied", async () => {
      await deployment.set("siteSnippet", "no_such_directive on;");
      await deployment.set("logrotateCount", "7");
      await deployment.set("robotsRules", '["User-agent: *", "Disallow: /private"]');
      await deployment.onHost("chattr +i /etc/logrotate.d");
      const printed = await deployment.upFails("--continue-on-error");
      expect(printed).toContain("no_such_directive");
      expect(printed).toMatch(/can't move the new \/etc\/logrotate\.d\/nginx in place/);
      expect(await (await deployment.get("/robots.txt")).text()).toContain("/private");
      await deployment.onHost("chattr -i /etc/logrotate.d");
      await deployment.unset("siteSnippet");
      await deployment.unset("logrotateCount");
      await deployment.unset("robotsRules");
      await deployment.up();
    });

    it("made on the host by hand is found, repaired in place, and kept", async () => {
      await deployment.onHost("echo '# edited' >>/etc/nginx/nginx.conf");
      expect(await deployment.succeed("preview")).toMatch(
        /nginx.*differs from what was last applied/,
      );
      expect(await deployment.up()).toMatch(/1 updated/);
      expect(await deployment.onHost("grep -c '# edited' /etc/nginx/nginx.conf || true")).toBe("0");
      expect(await deployment.onHost("grep -rl '# edited' /var/lib/tracks/kept")).not.toBe("");
      expect(await deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
    });
  });

  it("gives back on destroy what was there before, and retains the rest", async () => {
    vendorConf = await deployment.onHost("rpm -q --qf '' nginx; cat /etc/nginx/nginx.conf");
    expect(vendorConf).toContain("Written by Pulumi");
    await deployment.succeed("destroy", "--yes", "--skip-preview", "--run-program");
    const conf = await deployment.onHost("cat /etc/nginx/nginx.conf");
    expect(conf).not.toContain("Written by Pulumi");
    expect(await deployment.onHost("rpm -V nginx | grep nginx.conf || true")).toBe("");
    expect(await deployment.onHost("cat /etc/logrotate.d/nginx")).not.toContain(
      "Written by Pulumi",
    );
    const gone =
      "/etc/systemd/system/logrotate.service.d /etc/sudoers.d/tracks-deployer /etc/nginx/sites-enabled/tracks /microarray/robots/robots.txt";
    expect(await deployment.onHost(`ls -d ${gone} 2>/dev/null || true`)).toBe("");
    // Retained: the account and its home, uploads and logs, packages.
    expect(await deployment.onHost("id -un deployer; cat /microarray/media/upload")).toBe(
      "deployer\ny",
    );
    expect(await deployment.onHost("ls /etc/nginx/logs/domains/tracks/log/")).toContain(
      "access.log",
    );
    expect(await deployment.onHost("rpm -q nginx")).toMatch(/^nginx-/);
  });
});
