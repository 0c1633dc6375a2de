import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import type { LinuxUserArgs } from "../../../components/args/LinuxUser";
import { LinuxUser } from "../../../components/LinuxUser";
import { Host } from "../../../host/Host";
import { ed25519KeyPair } from "../host/ed25519";
import { MockedEngine } from "../mockedEngine";
import { rootConnection } from "../rootConnection";
import { entryHeads, entryLines } from "./entryLines";

const engine = new MockedEngine();
const key = ed25519KeyPair().public.trim();

beforeEach(async () => {
  await engine.clear();
});

function user(args: Partial<LinuxUserArgs>): LinuxUser {
  const host = new Host("host", { connection: rootConnection });
  return new LinuxUser("me", { host, user: "deployer", ...args });
}

async function lines(): Promise<string[]> {
  return entryLines((await engine.command("me")).inputs.stdin);
}

describe("LinuxUser", () => {
  it("is an account and nothing else where nothing is given", async () => {
    const made = user({});
    expect(await lines()).toEqual(["user deployer home=/home/deployer shell=/bin/bash system=no"]);
    expect(engine.commands().map(({ name }) => name)).not.toContain("me-password");
    expect([made.user, made.home, made.password]).toEqual([
      "deployer",
      "/home/deployer",
      undefined,
    ]);
  });

  it("has its keys in its own home, for itself alone", async () => {
    user({
      home: "/srv/me",
      shell: pulumi.output("/bin/zsh"),
      authorizedKeys: [key, `no-pty ${key}`],
    });
    expect(await lines()).toEqual([
      "user deployer home=/srv/me shell=/bin/zsh system=no",
      "directory /srv/me/.ssh owner=deployer mode=0700",
      "file /srv/me/.ssh/authorized_keys owner=deployer mode=0600",
      `| ${key}`,
      `| no-pty ${key}`,
    ]);
  });

  it("may run its services through sudo, and the rules are checked as such", async () => {
    user({ services: ["nginx", "uwsgi"] });
    const found = await lines();
    expect(entryHeads((await engine.command("me")).inputs.stdin).slice(1)).toEqual([
      "directory /etc/tracks owner=root group=root mode=0755",
      "file /etc/tracks/sudo-deployer.env owner=root group=root mode=0644",
      "file /etc/sudoers.d/tracks-deployer owner=root group=root mode=0440 check=sudoers",
    ]);
    const rules = found.filter((line) => line.includes("/sbin/service"));
    for (const service of ["nginx", "uwsgi"]) {
      expect(rules.join("\n")).toMatch(new RegExp(`/sbin/service ${service} restart`));
    }
    expect(rules.join("\n")).not.toContain("*");
    expect(found.join("\n")).toContain("env_file=/etc/tracks/sudo-deployer.env");
  });

  it("shares no file with another user of the host, who may leave before it", async () => {
    const host = new Host("host", { connection: rootConnection });
    for (const name of ["me", "you"]) {
      new LinuxUser(name, { host, user: name, authorizedKeys: [key], services: ["nginx"] });
    }
    await engine.settled();
    const filesOf = (name: string) =>
      entryHeads(engine.inputs(name).stdin)
        .filter((line) => line.startsWith("file "))
        .map((line) => line.split(" ")[1]);
    expect(filesOf("me")).toHaveLength(3);
    expect(filesOf("you").filter((path) => filesOf("me").includes(path))).toEqual([]);
  });

  it("gets its password in a command of its own, as a secret, after the account", async () => {
    const made = user({ password: pulumi.secret("open sesame") });
    const { inputs } = await engine.command("me-password");
    expect(inputs.stdin).toMatchObject({
      value: expect.stringMatching(/^password deployer$/m) as string,
    });
    expect((await lines()).join("\n")).not.toContain("sesame");
    expect(made.password).toBeDefined();
    expect(made.group).toBe("@@GROUP_OF deployer@@");
  });

  it("is described by its name, home and services, never by its password", async () => {
    user({ password: "open sesame", services: ["nginx"] });
    await engine.settled();
    const described = engine.registered.find(({ type }) => type === "tracks:index:LinuxUser");
    expect(described?.inputs).toEqual({
      user: "deployer",
      home: "/home/deployer",
      services: ["nginx"],
    });
  });

  it("refuses every argument that is not allowed at once", () => {
    expect(() => user({ user: "Me", shell: "bash", services: ["a b"] })).toThrow(
      /^LinuxUser "me" can't take these arguments:\n[^]*user\n[^]*shell\n[^]*services\[0\]\n/,
    );
  });
});
