import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { Secret } from "../../../host/secret";
import { remoteConnection } from "../../../host/remoteConnection";
import { connectionFingerprint, privilege } from "../../../host/ssh/connection";
import { staleLogins } from "../../../preflight/host/staleLogins";
import { parseReport } from "../../../host/facts";
import { parsePublicKey } from "../../../host/ssh/publicKey";
import { check, hostKey } from "../settings/configuration";

function connection(change: Record<string, string | undefined> = {}) {
  return check(change).configuration.connection;
}

async function provided(change: Record<string, string | undefined> = {}) {
  const output = remoteConnection(connection(change));
  return new Promise<{ value: unknown; secret: boolean }>((resolve) => {
    output.apply((value) => {
      void pulumi.isSecret(output).then((secret) => {
        resolve({ value, secret });
      });
    });
  });
}

describe("the connection that resources get", () => {
  it("pins the key, and is secret as a whole", async () => {
    const { value, secret } = await provided();
    expect(secret).toBe(true);
    expect(value).toMatchObject({
      host: "tracks.stowers.org",
      port: 22,
      user: "root",
      hostKey: parsePublicKey(hostKey)?.line,
    });
    expect(value).toHaveProperty("privateKey");
    expect(value).not.toHaveProperty("agentSocketPath");
    expect(value).not.toHaveProperty("proxy");
  });

  it("doesn't record the agent's socket of this login", async () => {
    const { value } = await provided({ privateKeyFile: undefined, agent: "true" });
    expect(value).not.toHaveProperty("agentSocketPath");
    expect(value).not.toHaveProperty("privateKey");
  });

  it("records an agent's socket that was chosen", async () => {
    const { value } = await provided({ privateKeyFile: undefined, agentSocketPath: "/run/agent" });
    expect(value).toMatchObject({ agentSocketPath: "/run/agent" });
  });

  it("goes through the bastion, whose key is pinned too", async () => {
    const { value } = await provided({ bastionHost: "bastion.org", bastionHostKey: hostKey });
    expect(value).toMatchObject({
      proxy: { host: "bastion.org", hostKey: parsePublicKey(hostKey)?.line },
    });
  });
});

describe("who applied something", () => {
  it("is named by user and key", () => {
    expect(connectionFingerprint(connection())).toMatch(/^root key SHA256:[\w+/]{43}$/);
    expect(connectionFingerprint(connection({ privateKeyFile: undefined, agent: "true" }))).toBe(
      "root agent",
    );
  });

  it("is named in a preview when a delete would still use another login", () => {
    const report = parseReport(
      "CentOS",
      "conflict\tnginx-conf\t/etc/nginx/nginx.conf\nok site\nvia site root key SHA256:old\n",
    );
    expect(report.problems).toEqual([
      expect.objectContaining({ severity: "warning", subject: "/etc/nginx/nginx.conf" }),
    ]);
    const [login, ...rest] = staleLogins(connection(), report);
    expect(login).toMatchObject({ severity: "warning", found: "root key SHA256:old" });
    expect(login?.fix?.join()).toContain("pulumi up");
    expect(rest).toEqual([]);
  });
});

describe("a command as root", () => {
  it("needs no sudo as root", () => {
    expect(privilege(connection())).toEqual({ prefix: [], firstLine: undefined });
  });

  it("never waits for a password that nobody can type", () => {
    expect(privilege(connection({ hostUser: "admin" })).prefix).toEqual(["sudo", "-n"]);
  });

  it("passes the password in stdin only", () => {
    const { prefix, firstLine } = privilege(
      connection({ hostUser: "admin", sudoPassword: "hunter2" }),
    );
    expect(prefix).toEqual(["sudo", "-k", "-S", "-p", ""]);
    expect(firstLine).toBeInstanceOf(Secret);
    expect(firstLine?.reveal()).toBe("hunter2");
  });
});
