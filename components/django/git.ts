import type { ManifestEntry } from "../../host/manifest/manifest";
import type { GitHostKey } from "../args/DjangoApp";

/** Manifest entries of the keys with which git on the host logs in. */
export function gitKeys(login: {
  user: string;
  hostKey?: GitHostKey | undefined;
  deployKey: string | undefined;
}): ManifestEntry[] {
  const { user, deployKey, hostKey } = login;
  return [
    ...(hostKey ? [{ kind: "git-host-key", ...hostKey } as const] : []),
    ...(deployKey ? [{ kind: "deploy-key", user, key: deployKey } as const] : []),
  ];
}
