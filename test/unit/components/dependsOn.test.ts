import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import { Nginx } from "../../../components/Nginx";
import { NginxSite } from "../../../components/NginxSite";
import { Host } from "../../../host/Host";
import { MockedEngine } from "../mockedEngine";
import { rootConnection } from "../rootConnection";

const order: string[] = [];

const engine = new MockedEngine(async ({ type, name, inputs }) => {
  if (type === "test:index:Slow") {
    await sleep(50);
    order.push(`${name} is there`);
  } else if (type === "command:remote:Command") order.push(name);
  return inputs;
});

beforeEach(async () => {
  await engine.clear();
  order.length = 0;
});

/** Any resource that takes its time. */
class Slow extends pulumi.CustomResource {
  constructor(name: string) {
    super("test:index:Slow", name);
  }
}

describe("the option dependsOn", () => {
  it("of a host keeps every command waiting, such as for the machine", async () => {
    const host = new Host(
      "host",
      { connection: rootConnection },
      { dependsOn: new Slow("machine") },
    );
    new Nginx("nginx", { host, sites: [] });
    await engine.settled();
    expect(order).toEqual(["machine is there", "host-script", "nginx"]);
  });

  it.each<[form: string, wrap: (one: pulumi.Resource) => NginxSite["dependencies"]]>([
    ["a resource", (one) => one],
    ["a list", (one) => [one]],
    ["an output", (one) => pulumi.output(Promise.resolve([one]))],
  ])("of a site keeps the Nginx waiting that serves it: %s", async (_form, wrap) => {
    const host = new Host("host", { connection: rootConnection });
    const site = new NginxSite(
      "docs",
      { serverNames: ["docs.test"], siteRoot: "/srv/docs" },
      { dependsOn: wrap(new Slow("pages")) },
    );
    new Nginx("nginx", { host, sites: [site] });
    await engine.settled();
    expect(order).toEqual(["host-script", "pages is there", "nginx"]);
  });
});
