import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startFirewalld } from "../../dev/lab/firewalld";
import { reboot } from "../../dev/lab/host";
import { Deployment } from "./deployment";

/** A site behind the real firewalld, which lets in nothing but ssh. */
describe("a host with firewalld", () => {
  let deployment: Deployment;
  let printed: string;
  const firewall = (...words: string[]) => deployment.onHost(`firewall-cmd ${words.join(" ")}`);
  /** What is open in a zone, now and after a reload. */
  const ports = async (zone = "public") => ({
    now: await firewall(`--zone=${zone}`, "--list-ports"),
    later: await firewall("--permanent", `--zone=${zone}`, "--list-ports"),
  });
  const both = (open: string) => ({ now: open, later: open });
  /** The status of a page from this machine, or why there is none. */
  const ask = (port: number): Promise<number | string> =>
    new Promise((resolve) => {
      const { address } = deployment.host;
      const asked = request({ host: address, port, path: "/robots.txt", timeout: 5_000 });
      asked.once("response", (response) => {
        response.destroy();
        resolve(response.statusCode ?? 0);
      });
      asked.once("timeout", () => asked.destroy(new Error("no answer")));
      asked.once("error", (error: NodeJS.ErrnoException) => {
        resolve(error.code ?? error.message);
      });
      asked.end();
    });
  const CLOSED = "EHOSTUNREACH";

  beforeAll(async () => {
    deployment = await Deployment.create("firewall", { program: "test/e2e/programs/site.ts" });
    await startFirewalld(deployment.host);
    await firewall("--direct", "--add-rule ipv4 filter INPUT 0 -p tcp --dport 9 -j DROP");
    await deployment.set("serverNames", '["tracks.example.org"]');
    await deployment.set("listenPort", "8090");
    printed = await deployment.up();
  });
  afterAll(() => deployment.dispose());

  it("lets visitors come to the site's port and to no other", async () => {
    expect(await ask(8090)).toBe(200);
    await deployment.onHost("systemd-run -q python3 -m http.server 8091");
    await expect.poll(() => deployment.onHost("ss -Hltn sport = 8091")).not.toBe("");
    expect(await ask(8091)).toBe(CLOSED);
  });

  it("with direct rules, which come before any zone, says so when its first port is opened", () => {
    expect(printed).toMatch(
      /firewalld has direct rules, .*: firewall-cmd --direct --get-all-rules/,
    );
  });

  it("has the port open after a reboot, and the next up has nothing to do", async () => {
    await reboot(deployment.stack);
    await expect.poll(() => ask(8090)).toBe(200);
    expect(await ports()).toEqual(both("8090/tcp"));
    expect(await deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("is left as it is where a range holds the new port, and the old port is closed", async () => {
    await firewall("--add-port=8095-8099/tcp");
    await firewall("--permanent", "--add-port=8095-8099/tcp");
    await deployment.set("listenPort", "8096");
    await deployment.up();
    expect(await ask(8096)).toBe(200);
    expect(await ports()).toEqual(both("8095-8099/tcp"));
  });

  it("is opened in the zone of the visitors' interface", async () => {
    await firewall("--permanent", "--zone=work", "--add-interface=eth0");
    await firewall("--reload");
    expect(await ask(8096)).toBe(CLOSED);
    await deployment.set("listenPort", "8090");
    await deployment.up();
    expect(await ask(8090)).toBe(200);
    expect(await ports("work")).toEqual(both("8090/tcp"));
    expect(await ports()).toEqual(both("8095-8099/tcp"));
  });

  it("is closed again on destroy, although it was stopped, and the range stays", async () => {
    await deployment.onHost("systemctl stop firewalld");
    await deployment.succeed("destroy", "--yes", "--skip-preview", "--run-program");
    await deployment.onHost("systemctl start firewalld");
    expect(await ports("work")).toEqual(both(""));
    expect(await ports()).toEqual(both("8095-8099/tcp"));
  });
});
