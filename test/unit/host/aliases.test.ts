import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import { SystemPackages } from "../../../components/SystemPackages";
import { Host } from "../../../host/Host";
import { MockedEngine } from "../mockedEngine";
import { rootConnection } from "../rootConnection";

const engine = new MockedEngine();

beforeEach(async () => {
  await engine.clear();
});

/** A component of the user's own. */
class Site extends pulumi.ComponentResource {
  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("mine:index:Site", name, {}, opts);
  }
}

const aliases = [{ name: "former" }];

const packages = (opts: pulumi.ComponentResourceOptions) =>
  new SystemPackages("new", { host: new Host("host", { connection: rootConnection }) }, opts);

describe("the option aliases, with which a rename would leave records on the host", () => {
  it("is refused, with the advice to leave it out", async () => {
    expect(() => packages({ aliases })).toThrow(
      /^SystemPackages "new"\n {2}given: {3}the option aliases\n[^]*fix: {5}leave it out: /,
    );
    await engine.settled();
    expect(engine.registered.map(({ name }) => name)).not.toContain("new");
  });

  it("is refused on a component of the user's own above it, too", () => {
    const above = new Site("above", { parent: new Site("top", { aliases }) });
    expect(() => packages({ parent: above })).toThrow(
      /given: {3}the option aliases of its parent mine:index:Site "top"\n[^]*or give SystemPackages "new" another parent/,
    );
  });

  it("is no matter where it is empty, and beside the component", async () => {
    new Site("beside", { aliases });
    packages({ parent: new Site("above"), aliases: [] });
    expect((await engine.command("new")).inputs.create).toMatch(/ apply new-/);
  });
});
