import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { type ConnectionArgs, connectionTo } from "../../../components/connectionTo";
import { ed25519KeyPair } from "../host/ed25519";

const server = ed25519KeyPair().public;
const key = ed25519KeyPair().private;
const locked = ed25519KeyPair("open sesame").private;
const host: ConnectionArgs = { address: "www.example.org", hostKey: server };

describe("a connection from plain values", () => {
  it("logs in as root on port 22 with a key of the agent by default", () => {
    expect(connectionTo(host)).toMatchObject({
      address: "www.example.org",
      port: 22,
      user: "root",
      hostKey: { line: server.split(" ").slice(0, 2).join(" ") },
      identity: { kind: "agent" },
      privilege: { kind: "root" },
      bastion: undefined,
    });
  });

  it("logs in by the agent of another socket, and by no agent where it has a key", () => {
    const agentSocketPath = "/run/agent.socket";
    expect(connectionTo({ ...host, agentSocketPath }).identity).toEqual({
      kind: "agent",
      socketPath: agentSocketPath,
    });
    expect(() => connectionTo({ ...host, agentSocketPath: "agent" })).toThrow(
      /\n {2}agentSocketPath\n {4}given: {3}"agent"\n {4}allowed: an absolute path/,
    );
    expect(() => connectionTo({ ...host, agentSocketPath, privateKey: key })).toThrow(
      /\n {2}agentSocketPath\n {4}given: {3}"\/run\/agent\.socket"\n {4}allowed: nothing with `privateKey`/,
    );
  });

  it("becomes root through sudo for another login, with a password or without", () => {
    expect(connectionTo({ ...host, user: "admin" }).privilege).toEqual({ kind: "passwordless" });
    const { privilege } = connectionTo({ ...host, user: "admin", sudoPassword: "sesame" });
    expect(privilege.kind === "password" && privilege.password.reveal()).toBe("sesame");
  });

  it("shows no secret when it is printed", () => {
    const bastion = { address: "bastion.example.org", hostKey: server, privateKey: key };
    const secrets = { privateKey: locked, passphrase: "open sesame", sudoPassword: "s3same" };
    const connection = connectionTo({ ...host, user: "admin", ...secrets, bastion });
    const { identity } = connection;
    expect(identity.kind === "key" && identity.passphrase?.reveal()).toBe("open sesame");
    const printed = JSON.stringify(connection) + inspect(connection, { depth: null });
    expect(printed).not.toMatch(/sesame|PRIVATE KEY/);
  });

  it("is refused with all errors at once, and without its secrets", () => {
    const refused = () =>
      connectionTo({
        address: "https://www.example.org",
        hostKey: "www.example.org",
        privateKey: "not-a-key",
        port: 0,
        bastion: { address: "bastion.example.org", hostKey: "", privateKey: locked },
      });
    expect(refused).toThrow(/^Connection can't take these arguments:\n/);
    for (const [argument, given] of [
      ["address", '"https://www.example.org"'],
      ["port", "0"],
      ["hostKey", '"www.example.org"'],
      ["bastion.hostKey", '""'],
      ["bastion.passphrase", "nothing"],
      ["privateKey", "[secret]"],
    ] as const) {
      expect(refused).toThrow(`\n\n  ${argument}\n    given:   ${given}\n    allowed: `);
    }
    expect(refused).not.toThrow("not-a-key");
  });

  it("refuses a text that is no private key, and a passphrase that doesn't open it", () => {
    expect(() => connectionTo({ ...host, privateKey: "not-a-key" })).toThrow(
      /\n {2}privateKey\n {4}given: {3}\[secret\]\n {4}allowed: a private key in OpenSSH or PEM format, .*$/,
    );
    expect(() => connectionTo({ ...host, privateKey: locked })).toThrow(
      /\n {2}passphrase\n {4}given: {3}nothing\n {4}allowed: the passphrase of the private key, which has one$/,
    );
    expect(() => connectionTo({ ...host, privateKey: locked, passphrase: "wrong" })).toThrow(
      /\n {2}passphrase\n {4}given: {3}\[secret\]\n/,
    );
  });
});
