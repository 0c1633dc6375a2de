import type { Secret } from "../../config/secret";
import { type Connection, privilege } from "../connection";
import type { Deadline } from "../deadline";
import { HostError, inWords } from "../error";
import { type ManifestEntry, renderManifest } from "../manifest";
import type { Session } from "../session";
import type { HostScript } from "./survey";

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

/** Seconds that the git server may take. */
export const gitDeadlineSeconds = 75;

/**
 * Asks the git server, from the host, which commit the ref is now.
 *
 * @returns undefined where git or the user is not on the host yet
 * @throws {@link HostError} for an unknown ref, another host key, a refused key, a silent server
 */
export async function askCommit(
  session: Session,
  connection: Connection,
  { text, scope }: HostScript,
  repository: GitRepository,
  deadline: Deadline,
): Promise<string | undefined> {
  const keys = renderManifest(
    { name: "git", subsystem: "source", entries: gitKeys(repository) },
    "preflight",
  );
  // The keys come first, then the script. They go on through a pipe: no argument and no file has them.
  const command = [
    "keys=",
    `while IFS= read -r line; do case $line in "#!"*) break ;; esac; keys+=$line$'\\n'; done`,
    `script=$(printf "%s\\n" "$line"; cat)`,
    `bash -s -- --scope "$0" resolve "$@" 3< <(printf "%s" "$keys") <<<"$script"`,
  ].join("; ");
  const words = [
    scope,
    `user=${repository.user}`,
    `url=${repository.url}`,
    `ref=${repository.ref}`,
  ];
  const { prefix, firstLine } = privilege(connection);
  const { exitCode, stdout, stderr } = await session.exec(
    [...prefix, "bash", "-c", command, ...words],
    `${firstLine === undefined ? "" : `${firstLine.reveal()}\n`}${keys}${text}`,
    deadline,
  );
  const answer = /^fact commit (\S+)$/m.exec(stdout)?.[1];
  if (exitCode !== 0 || answer === undefined) {
    throw new HostError(
      "git",
      inWords("The source's commit can't be found", stderr, "the host's answer is cut off"),
    );
  }
  return answer === "unknown" ? undefined : answer;
}

/** What git on the host logs in with, as a manifest holds it. */
export function gitKeys(
  repository: Pick<GitRepository, "user" | "deployKey" | "hostKey">,
): ManifestEntry[] {
  const { user, deployKey, hostKey } = repository;
  return [
    ...(hostKey ? [{ kind: "git-host-key", ...hostKey } as const] : []),
    ...(deployKey ? [{ kind: "deploy-key", user, key: deployKey.reveal() } as const] : []),
  ];
}
