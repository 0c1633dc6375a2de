import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import { Logrotate } from "../../../components/Logrotate";
import { Nginx } from "../../../components/Nginx";
import { Uwsgi } from "../../../components/Uwsgi";
import { UwsgiService } from "../../../components/UwsgiService";
import { Host } from "../../../host/Host";
import { runInline } from "../inlineEngine";
import { MockedEngine } from "../mockedEngine";
import { rootConnection } from "../rootConnection";

const engine = new MockedEngine();

beforeEach(async () => {
  await engine.clear();
});

const hostOf = (name: string) => new Host(name, { connection: rootConnection });

const uwsgi = (host: Host, name: string, socket: pulumi.Input<string>) =>
  new UwsgiService(name, {
    host,
    uwsgi: new Uwsgi(name, {
      ...{ host, socket, siteRoot: `/srv/${name}`, user: name, production: true },
      application: name,
    }),
  });

const taken = (path: string, first: string, second: string) =>
  new RegExp(
    `^Two components write ${path} on the Host "host"\n  given: +${first} and ${second}\n`,
  );

describe("two components that write the same file on one host", () => {
  it("are refused, both by name, before the second changes anything there", async () => {
    const host = hostOf("host");
    new Nginx("web", { host, sites: [] });
    expect(() => new Nginx("docs", { host, sites: [] })).toThrow(
      taken("/etc/nginx/nginx.conf", 'Nginx "web"', 'Nginx "docs"'),
    );
    uwsgi(host, "one", "127.0.0.1:8001");
    expect(() => uwsgi(host, "two", "127.0.0.1:8003")).toThrow(
      taken("/etc/uwsgi/hold_socket.py", 'UwsgiService "one"', 'UwsgiService "two"'),
    );
    await engine.settled();
    expect(engine.commands().map(({ name }) => name)).not.toContain("docs");
    expect(engine.commands().map(({ name }) => name)).not.toContain("two");
  });

  it("are refused, too, where their values are outputs", async () => {
    const run = await runInline(async () => {
      const host = hostOf("host");
      const socket = (port: number) => pulumi.output(Promise.resolve(`127.0.0.1:${port}`));
      uwsgi(host, "one", socket(8001));
      uwsgi(host, "two", socket(8003));
      await Promise.resolve();
    });
    expect(run.error).toMatch(
      /Two components write \/etc\/uwsgi\/hold_socket\.py on the Host "host"/,
    );
  });

  it("are fine on two hosts, or with files of their own", async () => {
    const host = hostOf("host");
    new Nginx("web", { host, sites: [] });
    new Nginx("docs", { host: hostOf("other"), sites: [] });
    for (const file of ["one", "two"]) {
      new Logrotate(file, { host, file, logs: ["/var/log/x.log"], postrotate: "true" });
    }
    await engine.settled();
    expect(engine.commands().map(({ name }) => name)).toEqual(
      expect.arrayContaining(["web", "docs", "one", "two"]),
    );
  });
});
