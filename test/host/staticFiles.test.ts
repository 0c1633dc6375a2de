import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DeployRoot } from "./deployRoot";

let site: DeployRoot;
let nginx: Server;
let asked: string[];
/** nginx's answer for a static file. */
let status: number;
/** Does the site's own snippet keep this host out? */
let refusesAll: boolean;
beforeEach(async () => {
  refusesAll = false;
  site = await DeployRoot.create();
  asked = [];
  nginx = createServer((request, response) => {
    asked.push(`${request.headers.host ?? ""}${request.url ?? ""}`);
    const ofFile = request.url?.startsWith("/static/") === true;
    if (refusesAll) {
      response.writeHead(403).end();
      return;
    }
    response.writeHead(ofFile ? status : 200, ofFile ? {} : { "X-Tracks-Release": release });
    response.end();
  });
  await new Promise<void>((resolve) => nginx.listen(0, "127.0.0.1", resolve));
});
afterEach(() => {
  nginx.close();
  site.remove();
});

let release: string;
const file = "/microarray/releases/tracks/second/staticfiles/css/app.css";

/** Deploys a second release, with one static file; the first one is served. */
async function deploySecond(prepare: () => void = () => undefined) {
  const deployment = (name: string): string => {
    release = name;
    const { port } = nginx.address() as AddressInfo;
    return site.deployment(name, {}).replace("port=1 ", `port=${port} `);
  };
  site.addRelease("first");
  expect((await site.host.apply(deployment("first"))).stderr).toBe("");
  expect((await site.host.apply(site.service())).stderr).toBe("");
  site.addRelease("second");
  site.host.write(file, "body {}");
  prepare();
  return site.host.apply(deployment("second"));
}

test("also requests a static file of the release, through nginx", async () => {
  status = 200;
  expect(await deploySecond()).toMatchObject({ code: 0, stderr: "" });
  expect(asked).toContain("tracks.test/static/css/app.css");
});

test("requests no hidden file, since snippets commonly deny them", async () => {
  status = 200;
  const hidden = ["/.gitkeep", "/.vite/manifest.json"].map((name) =>
    file.replace("/css/app.css", name),
  );
  const run = await deploySecond(() => {
    rmSync(site.host.at(file));
    for (const one of hidden) site.host.write(one, "");
    site.host.write(file, "body {}");
  });
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(asked.filter((url) => url.includes("/static/"))).toEqual([
    "tracks.test/static/css/app.css",
  ]);
});

test("fails on static files that SELinux denies, and names their type", async () => {
  status = 403;
  const run = await deploySecond(() => {
    site.host.write("/selinux", "Enforcing\n");
    execaSync("chcon", ["system_u:object_r:default_t:s0", site.host.at(file)]);
  });
  expect(run.code).toBe(1);
  expect(run.reason).toMatch(
    /nginx can't read the static files: http:\/\/tracks\.test:\d+\/static\/css\/app\.css answers 403; the SELinux type of \/microarray\/releases\/tracks\/second\/staticfiles\/css\/app\.css is default_t, .*restorecon -Rv/,
  );
  expect(site.host.linkTarget("/microarray/tracks")).toBe("releases/tracks/first");
});

test("fails on static files in a directory that nginx can't enter, and names its mode", async () => {
  status = 403;
  const run = await deploySecond(() => {
    chmodSync(site.host.at("/microarray/releases"), 0o750);
    execaSync("chgrp", ["daemon", site.host.at("/microarray/releases")]);
  });
  expect(run.reason).toContain("/microarray/releases has the mode 750, so nginx can't enter it");
  chmodSync(site.host.at("/microarray/releases"), 0o755);
});

test("only notes static files that nginx serves from elsewhere", async () => {
  status = 404;
  const run = await deploySecond();
  expect(run.code).toBe(0);
  expect(run.stdout).toMatch(/^note: http:\S+\/static\/css\/app\.css answers 404: .*STATIC_ROOT/m);
});

test("does not take a refusal of all requests from the host for unreadable static files", async () => {
  const run = await deploySecond(() => (refusesAll = true));
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toContain(
    "so this run could not check that nginx can read the static files\n",
  );
  expect(site.host.linkTarget("/microarray/tracks")).toBe("releases/tracks/second");
});

test("collects a file again that a power cut has left empty", async () => {
  status = 200;
  const lost = "/microarray/releases/tracks/second/staticfiles/css/lost.css";
  expect(
    await deploySecond(() => {
      site.host.write(lost, "");
    }),
  ).toMatchObject({ code: 0 });
  // The stand-in collects only the other file: like Django it leaves existing files.
  expect(site.host.exists(lost)).toBe(false);
  expect(site.host.exists(file)).toBe(true);
});
