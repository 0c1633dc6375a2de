import { Secret } from "../../host/secret";
import type { Connection } from "../../host/ssh/connection";

/** Root on a host that no test ever contacts. */
export const rootConnection: Connection = {
  address: "192.0.2.1",
  port: 22,
  user: "root",
  hostKey: { type: "ssh-ed25519", line: "ssh-ed25519 AAAA", fingerprint: "SHA256:abc" },
  identity: { kind: "agent", socketPath: undefined },
  bastion: undefined,
  privilege: { kind: "root" },
};

/** What differs about a login that becomes root through sudo, with a password or without. */
export const operator = (password?: string): Partial<Connection> => ({
  user: "operator",
  privilege:
    password === undefined
      ? { kind: "passwordless" }
      : { kind: "password", password: new Secret(password) },
});
