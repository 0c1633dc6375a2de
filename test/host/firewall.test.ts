import { rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
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
  "a port within a range that is open already is open, and the range stays as it is: %i",
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

test("a range of another protocol, or beside the port, opens nothing", async () => {
  host.remove();
  host = firewalld(9, "8000-8100/udp\n8081-8090/tcp\n");
  expect((await host.apply(port)).stdout).toContain(
    "(permanent=no now=no -> permanent=yes now=yes)",
  );
  expect(host.read("/firewall-now")).toContain("8080/tcp\n");
});

test("a range that somebody opened over our port is not broken in two on remove", async () => {
  await host.apply(port);
  host.write("/firewall-now", "8000-8100/tcp\n");
  host.write("/firewall-later", "8000-8100/tcp\n");
  expect(await host.removeResource("f")).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/firewall-now")).toBe("8000-8100/tcp\n");
  expect(host.read("/firewall-later")).toBe("8000-8100/tcp\n");
});

const route = (network: string): string =>
  `Iface\tDestination\tGateway \tFlags\neth9\t0000000A\t00000000\t0001\n${network}\t00000000\t0100000A\t0003\n`;

test("the zone of the interface that visitors come in by is opened, not the default one", async () => {
  host.write("/proc/net/route", route("ens192"));
  host.write("/firewall-interfaces", "eth9 trusted\nens192 dmz\n");
  expect(await host.apply(port)).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/firewall-now-dmz")).toBe("8080/tcp\n");
  expect(host.read("/firewall-later-dmz")).toBe("8080/tcp\n");
  expect(host.read("/firewall-now")).toBe("");
  expect(await host.removeResource("f")).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/firewall-now-dmz")).toBe("");
});

test("an interface in no zone is in the default one", async () => {
  host.write("/proc/net/route", route("ens192"));
  expect(await host.apply(port)).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/firewall-now")).toBe("8080/tcp\n");
});

test("direct rules, which no zone outweighs, are told in preview and up until a port is opened", async () => {
  host.write("/firewall-direct", "ipv4 filter INPUT 0 -p tcp -j DROP\n");
  const look = async () => [(await host.run(["survey"])).stdout, (await host.apply(port)).stdout];
  for (const said of await look()) {
    expect(said).toMatch(/^(conflict|note:) firewalld has direct rules, .*--get-all-rules$/m);
  }
  for (const said of await look()) expect(said).not.toContain("direct rules");
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
