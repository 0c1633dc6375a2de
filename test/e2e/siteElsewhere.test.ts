import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SampleSite } from "./sampleSite";

/** The whole site under names and at places of its owner's choice, so that none is built in. */
describe("a site with other names and places", () => {
  let site: SampleSite;

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
    await site.up();
  });
  afterAll(() => site.dispose());

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
});
