import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { down, exec, type LabHost, up } from "../../dev/lab/host";
import { SampleSite } from "./sampleSite";
import { serveTls } from "./tlsServer";

const databaseHost = "site-elsewhere-db";

/**
 * The whole site under names and at places of its owner's choice, so that none is built in; its
 * database is on a server of somebody else, over TLS.
 */
describe("a site with other names and places", () => {
  let site: SampleSite;
  let server: LabHost;
  const onServer = async (command: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await exec(server, command);
    if (exitCode !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout.trimEnd();
  };

  beforeAll(async () => {
    site = await SampleSite.create("site-elsewhere", {
      deployerUser: "painter",
      deployerHome: "/srv/painter",
      siteRoot: "/srv/www",
      siteName: "roasted",
      listenPort: "8080",
      databaseName: "roast",
      databaseUser: "barista",
    });
    const { deployment } = site;
    server = await up(databaseHost);
    await onServer(
      `dnf -q -y module enable postgresql:15 && dnf -q -y install postgresql-server && postgresql-setup --initdb && echo "listen_addresses = '*'" >>/var/lib/pgsql/data/postgresql.conf`,
    );
    const { authority } = await serveTls(onServer, server.address);
    await onServer(
      `cd / && runuser -u postgres -- psql -q -c "CREATE ROLE boss LOGIN CREATEDB CREATEROLE PASSWORD 'hush'"`,
    );
    await writeFile(join(deployment.folder, "ca.pem"), authority);
    await deployment.set("postgresHost", server.address);
    await deployment.set("postgresAdminUser", "boss");
    await deployment.set("postgresAdminPassword", "hush", "--secret");
    await deployment.set("postgresSslMode", "verify-full");
    await deployment.set("postgresCaFile", join(deployment.folder, "ca.pem"));
    await site.up();
  });
  afterAll(async () => {
    await down(databaseHost);
    await site.dispose();
  });

  it("is served from there, with its data, and its uploads", async () => {
    expect((await site.ask("/healthz/")).body).toContain('"targets": 14');
    expect((await site.ask("/static/roasted/tracks.css")).status).toBe(200);
    expect(await site.ask(await site.upload("notes.txt", "elsewhere"))).toMatchObject({
      status: 200,
      body: "elsewhere",
    });
    const worker = await site.worker();
    expect(worker.ids[0]).toBe(Number(await site.deployment.onHost("id -u painter")));
    expect(worker.directory).toMatch(/^\/srv\/www\/releases\/roasted\//);
    expect(worker.prefix).toMatch(/^\/srv\/painter\/venvs\//);
  });

  it("has its database on the other server, whose certificate application and deployment check", async () => {
    const encrypted =
      "from django.db import connection as c; k = c.cursor(); k.execute('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'); print(c.settings_dict['HOST'], k.fetchone()[0])";
    const printed = await exec(site.deployment.host, "su - painter", {
      input: `cd /srv/www/roasted && /srv/painter/venv/bin/python manage.py shell -c "${encrypted}" </dev/null\n`,
    });
    expect(printed.stdout.trim()).toBe(`${server.address} True`);
    const ca = "/srv/www/shared/roasted/postgresql-ca.pem";
    expect(await site.deployment.onHost(`stat -c '%U %a' ${ca}`)).toBe("painter 444");
    expect(await site.deployment.onHost("cat /srv/www/shared/roasted/local.py")).toContain(
      `"OPTIONS": dict(sslmode=u"verify-full", sslrootcert=u"${ca}")`,
    );
    expect(await site.deployment.onHost("rpm -q postgresql-server || true")).toContain(
      "not installed",
    );
  });

  it("leaves nothing at the usual places", async () => {
    expect(
      await site.deployment.onHost(
        "ls -d /microarray /home/deployer /etc/uwsgi/tracks.ini /etc/nginx/sites-enabled/tracks 2>/dev/null || echo none",
      ),
    ).toBe("none");
  });

  it("is left alone by the second up", async () => {
    expect(await site.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("moves to a server on its own host, with schema and old data, and leaves the other alone", async () => {
    for (const key of ["Host", "AdminUser", "AdminPassword", "SslMode", "CaFile"]) {
      await site.deployment.unset(`postgres${key}`);
    }
    const preview = await site.deployment.succeed("preview");
    expect(preview).toMatch(/The database moves to another server[^]*The data at \S+ stay there/);
    await site.up();
    expect((await site.ask("/healthz/")).body).toContain('"targets": 14');
    expect(await site.deployment.onHost("cat /srv/www/shared/roasted/local.py")).toContain(
      '"HOST": u"127.0.0.1"',
    );
    expect(await site.deployment.onHost("ls /srv/www/shared/roasted")).not.toContain(".pem");
    expect(
      await onServer(
        "cd / && runuser -u postgres -- psql -qAtX -d roast -c 'SELECT count(*) FROM roasted_target'",
      ),
    ).toBe("14");
    expect(await site.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });
});
