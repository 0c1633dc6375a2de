import { expect, it } from "vitest";
import { check, hostKey } from "./configuration";

/** Name under which git on the host finds the pinned key of the server of this URL. */
function serverOf(sourceUrl: string): string | undefined {
  const { configuration } = check({ production: "false", sourceUrl, sourceHostKey: hostKey });
  const source = configuration.application?.django.source;
  return source?.kind === "git" ? source.repository.hostKey?.server : undefined;
}

it.each([
  ["git@git.example.org:team/tracks.git", "git.example.org"],
  ["git@git.example.org:a:b.git", "git.example.org"],
  ["ssh://git@git.example.org/tracks.git", "git.example.org"],
  ["ssh://git.example.org/tracks.git", "git.example.org"],
  ["ssh://git@git.example.org:22/tracks.git", "git.example.org"],
  ["ssh://git@git.example.org:2222/tracks.git", "[git.example.org]:2222"],
])("the key of %s is pinned for %s, as ssh writes it in known_hosts", (url, server) => {
  expect(serverOf(url)).toBe(server);
});
