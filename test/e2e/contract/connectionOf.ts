import { Secret } from "../../../host/secret";
import type { Connection } from "../../../host/ssh/connection";
import { parsePublicKey } from "../../../host/ssh/publicKey";
import type { Connection as BenchConnection } from "./bench";

/** The bench's connection as this project's own. */
export function connectionOf({ host, privateKey = "", hostKey = "" }: BenchConnection): Connection {
  const pinned = parsePublicKey(hostKey);
  if (pinned === undefined) throw new Error(`no host key: ${hostKey}`);
  return {
    address: host,
    port: 22,
    user: "root",
    hostKey: pinned,
    identity: {
      kind: "key",
      privateKey: new Secret(privateKey),
      passphrase: undefined,
      fingerprint: "",
    },
    privilege: { kind: "root" },
    bastion: undefined,
  };
}
