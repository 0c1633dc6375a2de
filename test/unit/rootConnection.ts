import type { Connection } from "../../host/connection";

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
