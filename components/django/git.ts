import type { ManifestEntry } from "../../host/manifest/manifest";
import type { Secret } from "../../host/secret";

/** A git repository as the host sees it. */
export interface GitRepository {
  /** As git takes it: `https://...`, `ssh://...`, `git@host:path`. */
  readonly url: string;
  /** A branch, a tag, or the full name of a commit. */
  readonly ref: string;
  /** Login on the host that asks, and fetches. */
  readonly user: string;
  /** Private key that git logs in with. @default none */
  readonly deployKey?: Secret;
  /** Key that the git server must prove to have; needed where the URL goes through SSH. */
  readonly hostKey?: GitHostKey;
}

/** The pinned key of a git server. */
export interface GitHostKey {
  /** As known_hosts names it: `git.example.org`, or `[git.example.org]:2222`. */
  readonly server: string;
  /** Such as `ssh-ed25519 AAAA...`. */
  readonly key: string;
}

/** What git on the host logs in with, as a manifest holds it. */
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
