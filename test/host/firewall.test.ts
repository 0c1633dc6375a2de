import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { type EnterpriseLinux, manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
beforeEach(() => {
  host = firewalld();
});
afterEach(() => {
  host.remove();
});

function firewalld(el: EnterpriseLinux = 9, open = ""): PrivateRoot {
  const root = new PrivateRoot({ el });
  root.write("/firewall-now", open);
  root.write("/firewall-later", open);
  return root;
}

const port = manifest("f", "none", "firewall-port tcp 8080");

test.each<EnterpriseLinux>([7, 9])(
  "takes a port within an open range as open, and leaves the range: %i",
  async (el) => {
    host.remove();
    host = firewalld(el, "53/udp\n8000-8100/tcp\n");
    expect(await host.apply(port)).toMatchObject({
      code: 0,
      stderr: "",
      stdout: "applied f: unchanged\n",
    });
    expect((await host.run(["probe"])).stdout).toMatch(/^ok f\n/);
    expect(await host.removeResource("f")).toMatchObject({ code: 0, stderr: "" });
    expect(host.read("/firewall-now")).toBe("53/udp\n8000-8100/tcp\n");
    expect(host.read("/firewall-later")).toBe("53/udp\n8000-8100/tcp\n");
  },
);

test("ignores a range of another protocol, or without the port", async () => {
  host.remove();
  host = firewalld(9, "8000-8100/udp\n8081-8090/tcp\n");
  expect((await host.apply(port)).stdout).toContain(
    "(permanent=no now=no -> permanent=yes now=yes)",
  );
  expect(host.read("/firewall-now")).toContain("8080/tcp\n");
});

test("does not split a range on remove that somebody opened around our port", async () => {
  await host.apply(port);
  host.write("/firewall-now", "8000-8100/tcp\n");
  host.write("/firewall-later", "8000-8100/tcp\n");
  expect(await host.removeResource("f")).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/firewall-now")).toBe("8000-8100/tcp\n");
  expect(host.read("/firewall-later")).toBe("8000-8100/tcp\n");
});

const route = (network: string): string =>
  `Iface\tDestination\tGateway \tFlags\neth9\t0000000A\t00000000\t0001\n${network}\t00000000\t0100000A\t0003\n`;

test("opens the port in the zone of the interface that visitors come in by, not in the default zone", async () => {
  host.write("/proc/net/route", route("ens192"));
  host.write("/firewall-interfaces", "eth9 trusted\nens192 dmz\n");
  expect(await host.apply(port)).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/firewall-now-dmz")).toBe("8080/tcp\n");
  expect(host.read("/firewall-later-dmz")).toBe("8080/tcp\n");
  expect(host.read("/firewall-now")).toBe("");
  expect(await host.removeResource("f")).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/firewall-now-dmz")).toBe("");
});

test("uses the default zone for an interface without a zone", async () => {
  host.write("/proc/net/route", route("ens192"));
  expect(await host.apply(port)).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/firewall-now")).toBe("8080/tcp\n");
});

test("opens the port in the zone of the IPv6 interface where there is only IPv6", async () => {
  const none = "0".repeat(32);
  const line = (destination: string, length: string, flags: string, name: string): string =>
    `${destination} ${length} ${none} 00 ${none} 00000400 00000001 00000000 ${flags} ${name.padStart(8)}\n`;
  host.write("/proc/net/route", "Iface\tDestination\tGateway \tFlags\n");
  host.write(
    "/proc/net/ipv6_route",
    [
      line("fe80".padEnd(32, "0"), "40", "00000001", "eth9"),
      line(none, "00", "00200200", "lo"),
      line(none, "01", "00000003", "eth9"),
      line(none, "00", "00000003", "ens192"),
      line(none, "00", "00200200", "lo"),
    ].join(""),
  );
  host.write("/firewall-interfaces", "eth9 trusted\nens192 dmz\nlo trusted\n");
  expect(await host.apply(port)).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/firewall-now-dmz")).toBe("8080/tcp\n");
  expect(host.read("/firewall-now")).toBe("");
});

describe("when visitors come in by another zone", () => {
  const moves: [string, () => void][] = [
    [
      "interface",
      () => {
        host.write("/firewall-interfaces", "ens192 work\n");
      },
    ],
    [
      "default zone",
      () => {
        rmSync(host.at("/firewall-interfaces"));
        host.write("/firewall-default-zone", "work\n");
      },
    ],
  ];
  const open = (zone: string): string[] =>
    ["now", "later"].map((list) => {
      const file = `/firewall-${list}-${zone}`;
      return host.exists(file) ? host.read(file) : "";
    });
  const opened = ["8080/tcp\n", "8080/tcp\n"];
  const closed = ["", ""];

  beforeEach(async () => {
    host.write("/proc/net/route", route("ens192"));
    host.write("/firewall-interfaces", "ens192 dmz\n");
    expect(await host.apply(port)).toMatchObject({ code: 0, stderr: "" });
    expect(open("dmz")).toEqual(opened);
  });

  it.each(moves)("the probe says so, and the port is moved there: %s", async (_, move) => {
    move();
    expect((await host.run(["probe"])).stdout).toMatch(
      /^drift f\tfirewall-port tcp 8080\tis "permanent=no now=no"/,
    );
    expect(await host.apply(port, { repair: 1 })).toMatchObject({ code: 0, stderr: "" });
    expect(open("work")).toEqual(opened);
    expect(open("dmz")).toEqual(closed);
    expect((await host.run(["probe"])).stdout).toMatch(/^ok f\n/);
  });

  it.each(moves)("destroy closes it where it was opened: %s", async (_, move) => {
    host.write("/firewall-now-work", "8080/tcp\n");
    host.write("/firewall-later-work", "8080/tcp\n");
    move();
    expect(await host.removeResource("f")).toMatchObject({ code: 0, stderr: "" });
    expect(open("dmz")).toEqual(closed);
    expect(open("work")).toEqual(opened);
  });

  it("closes nothing in a zone that does not exist any more", async () => {
    host.write("/firewall-interfaces", "ens192 work\n");
    host.write("/firewall-gone", "dmz");
    expect(await host.apply(port)).toMatchObject({ code: 0, stderr: "" });
    expect(open("work")).toEqual(opened);
    expect(host.read("/var/lib/tracks/records")).not.toContain("dmz");
  });

  it("closes the port in the settings of a stopped firewall", async () => {
    host.write("/firewall-interfaces", "ens192 work\n");
    rmSync(host.at("/firewall-now"));
    expect(await host.removeResource("f")).toMatchObject({ code: 0, stderr: "" });
    expect(host.read("/firewall-later-dmz")).toBe("");
  });

  /** Makes what is recorded what a former version would have recorded. */
  const forgetZone = (scope = "tracks.dev"): void => {
    for (const file of ["records", `resources/${scope}/f/facts`]) {
      const text = host.read(`/var/lib/tracks/${file}`);
      host.write(`/var/lib/tracks/${file}`, text.replace("tcp 8080 dmz", "tcp 8080"), 0o600);
    }
  };

  it("keeps records of a former version, which have no zone", async () => {
    forgetZone();
    expect((await host.run(["probe"])).stdout).toMatch(/^ok f\n/);
    expect((await host.apply(port)).stdout).toBe("applied f: unchanged\n");
    expect(host.read("/var/lib/tracks/records")).toContain("firewall-port tcp 8080 dmz\t");
    expect(host.read("/var/lib/tracks/records")).not.toContain("firewall-port tcp 8080\t");
    expect(await host.removeResource("f")).toMatchObject({ code: 0, stderr: "" });
    expect(open("dmz")).toEqual(closed);
  });

  it("destroy alone releases records of a former version", async () => {
    forgetZone();
    expect(await host.removeResource("f")).toMatchObject({ code: 0, stderr: "" });
    expect(open("dmz")).toEqual(closed);
  });

  it("says that the zone of a former version is unknown", async () => {
    forgetZone();
    host.write("/firewall-interfaces", "ens192 work\n");
    const { stdout } = await host.apply(port);
    expect(stdout).toMatch(/^note: .*opened tcp 8080 .*firewall-cmd --list-all-zones/m);
    expect(open("work")).toEqual(opened);
  });

  it.each(["ours", "theirs"])(
    "a port that two programs opened stays until both are removed, whichever has a record of a former version: %s",
    async (former) => {
      host.installScript("other.dev");
      if (former === "ours") forgetZone();
      expect(await host.apply(port, { scope: "other.dev" })).toMatchObject({ code: 0, stderr: "" });
      if (former === "theirs") {
        const records = host.read("/var/lib/tracks/records");
        const [line = ""] = /^firewall-port.*\n/m.exec(records) ?? [];
        const apart = line.replace("other.dev/f,", "").replace(",other.dev/f", "");
        const theirs = line
          .replace(" dmz", "")
          .replace(/tracks\.dev\/f,?/, "")
          .replace(",\t", "\t");
        host.write("/var/lib/tracks/records", records.replace(line, apart + theirs), 0o600);
      }
      expect(await host.removeResource("f")).toMatchObject({ code: 0, stderr: "" });
      expect(open("dmz")).toEqual(opened);
      expect(await host.removeResource("f", { scope: "other.dev" })).toMatchObject({ code: 0 });
      expect(open("dmz")).toEqual(closed);
    },
  );
});

describe("a firewalld that does not answer does not count as stopped", () => {
  const words = "firewalld does not answer: Error: Did not receive a reply";

  it.each(["zone", "now", "later"])("asked for what is open: %s", async (question) => {
    host.write("/firewall-silent", question);
    const run = await host.apply(port);
    expect(run.code).toBe(1);
    expect(run.reason).toContain(words);
    expect(host.read("/firewall-later")).toBe("");
  });

  it("is reported in the preview, and as drift", async () => {
    expect(await host.apply(port)).toMatchObject({ code: 0, stderr: "" });
    for (const question of ["zone", "later"]) {
      host.write("/firewall-silent", question);
      expect((await host.run(["probe"])).stdout).toMatch(
        new RegExp(`^drift f\\tfirewall-port tcp 8080\\tis "${words}`),
      );
    }
    host.write("/firewall-silent", "zone");
    expect((await host.run(["survey"])).stdout).toMatch(
      /^conflict\tfirewall-silent\tError: Did not/m,
    );
  });
});

test("reports direct rules, which apply before zones, in preview and up until a port is opened", async () => {
  host.write("/firewall-direct", "ipv4 filter INPUT 0 -p tcp -j DROP\n");
  const look = async () => [(await host.run(["survey"])).stdout, (await host.apply(port)).stdout];
  for (const said of await look()) {
    expect(said).toMatch(
      /^(conflict\tfirewall-rules|note: firewalld has direct rules, .*--get-all-rules)$/m,
    );
  }
  for (const said of await look()) expect(said).not.toMatch(/direct rules|firewall-rules/);
});

test("a login shell that ends idle users (TMOUT) does not end the wait for a slow firewalld", async () => {
  host.write("/firewall-now", "8080/tcp\n");
  host.write("/firewall-later", "8080/tcp\n");
  const command = host.read("/stand-ins/firewall-cmd");
  // A link to the stand-in that all tests have.
  rmSync(host.at("/stand-ins/firewall-cmd"));
  host.write("/stand-ins/firewall-cmd", command.replace("\n", "\nsleep 1.2\n"), 0o755);
  const applied = await host.apply(port, { environment: { TMOUT: "1" } });
  expect(applied).toMatchObject({ code: 0, stderr: "", stdout: "applied f: unchanged\n" });
});
