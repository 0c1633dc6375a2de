import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import type { SystemPackagesArgs } from "../../../components/args/SystemPackages";
import { SystemPackages } from "../../../components/SystemPackages";
import { Host } from "../../../host/Host";
import { MockedEngine } from "../mockedEngine";
import { rootConnection } from "../rootConnection";
import { entryLines } from "./entryLines";

const engine = new MockedEngine();

beforeEach(async () => {
  await engine.clear();
});

/** The manifest of packages with these arguments. */
async function manifestOf(args: Partial<SystemPackagesArgs>): Promise<string> {
  const host = new Host("host", { connection: rootConnection });
  new SystemPackages("packages", { host, ...args });
  return (await engine.command("packages")).inputs.stdin ?? "";
}

/** The entries of it that are no packages. */
async function entriesOf(args: Partial<SystemPackagesArgs>): Promise<string[]> {
  return entryLines(await manifestOf(args)).filter((line) => !line.startsWith("package "));
}

describe("SystemPackages", () => {
  it("installs the usual packages, and sets nothing else, where nothing is given", async () => {
    const manifest = await manifestOf({});
    expect(manifest).toMatch(/^package nginx$/m);
    expect(manifest).toMatch(/^package postgresql$/m);
    expect(await entriesOf({})).toEqual([]);
  });

  it("sets the proxy of yum and of each repository, and nothing of pip", async () => {
    const entries = await entriesOf({
      yumProxy: "http://proxy:3128",
      yumRepositories: [
        { id: "one", baseurl: "http://one/", gpgcheck: false, proxy: "http://other:1" },
        pulumi.output({ id: "two", metalink: "http://two/", name: "Two", enabled: false }),
      ],
    });
    expect(entries).toEqual([
      "setting @@YUM_CONF@@ section=main key=proxy",
      "| http://proxy:3128",
      "file /etc/yum.repos.d/one.repo owner=root group=root mode=0644",
      "| [one]",
      "| name=one",
      "| baseurl=http://one/",
      "| enabled=1",
      "| gpgcheck=0",
      "| proxy=http://other:1",
      "file /etc/yum.repos.d/two.repo owner=root group=root mode=0644",
      "| [two]",
      "| name=Two",
      "| metalink=http://two/",
      "| enabled=0",
      "| gpgcheck=1",
    ]);
  });

  it("writes what is given of pip, and only that", async () => {
    const entries = await entriesOf({
      pip: { proxy: "http://proxy:3128", trustedHost: "pypi.test" },
    });
    expect(entries).toEqual([
      "file /etc/pip.conf owner=root group=root mode=0644",
      "| [global]",
      "| proxy = http://proxy:3128",
      "| trusted-host = pypi.test",
    ]);
  });

  it("needs repositories and settings before packages", async () => {
    const manifest = await manifestOf({
      yumRepositories: [{ id: "one", baseurl: "http://one/" }],
      pip: { indexUrl: "http://pip/" },
      moduleStreams: ["nodejs:20"],
      extraPackages: ["tmux"],
    });
    const kinds = manifest.split("\n").map((line) => line.split(" ")[0] ?? "");
    const order = ["file", "module", "package"].map((kind) => kinds.indexOf(kind));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
    expect(manifest.indexOf("pip.conf")).toBeLessThan(manifest.indexOf("package nginx"));
    expect(manifest).toMatch(/^package tmux$/m);
  });

  it("is described by packages and module streams, and shows the packages that it installs", async () => {
    const host = new Host("host", { connection: rootConnection });
    const packages = new SystemPackages("packages", {
      host,
      extraPackages: ["nc|nmap-ncat"],
      moduleStreams: ["nodejs:20"],
      yumProxy: "http://proxy:3128",
    });
    await engine.settled();
    expect(
      engine.registered.find(({ type }) => type === "tracks:index:SystemPackages")?.inputs,
    ).toEqual({
      extraPackages: ["nc|nmap-ncat"],
      moduleStreams: ["nodejs:20"],
    });
    expect(packages.command).toBeDefined();
  });

  it("refuses every argument that is not allowed at once, and registers nothing", () => {
    const host = new Host("host", { connection: rootConnection });
    expect(
      () =>
        new SystemPackages("packages", {
          host,
          extraPackages: ["a b"],
          yumProxy: "proxy",
          pip: { trustedHost: "http://a" },
          server: { version: "8" },
        }),
    ).toThrow(
      /^SystemPackages "packages" can't take these arguments:\n[^]*extraPackages\[0\][^]*yumProxy[^]*server\.version[^]*pip\.trustedHost/,
    );
  });

  it("refuses a second repository of one id, of which yum would take one", () => {
    const host = new Host("host", { connection: rootConnection });
    const yumRepositories = ["https://a.test/", "https://b.test/"].map((baseurl) => ({
      ...{ id: "nginx", baseurl, gpgkey: "https://a.test/key" },
    }));
    expect(() => new SystemPackages("packages", { host, yumRepositories })).toThrow(
      /yumRepositories\[1\]\.id\n {4}given: {3}"nginx", a second time/,
    );
  });
});
