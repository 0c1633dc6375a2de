import { afterEach, beforeEach, vi } from "vitest";
import type { Connection } from "../../../host/ssh/connection";
import { HostError } from "../../../host/ssh/error";
import { examine, type PreflightOptions } from "../../../preflight/host/examine";
import { inStackKeys } from "../../../settings/argumentKeys";
import type { HostFacts } from "../../../host/facts";
import { keyPair, startServer, type TestServer, type TestServerOptions } from "./preflightServer";

export const hostKey = keyPair();
export const login = keyPair();
export const stranger = keyPair();
export const rsaHostKey = keyPair("rsa");

export const script = {
  scope: "tracks.test",
  text: [
    "#!/bin/bash",
    `case "$3" in`,
    `look)`,
    `printf "fact init systemd\\nfact arguments %s\\nconflict\\tuwsgi-of\\t%s\\n" "$*" "tracks.other"`,
    `printf "ok site\\ndrift nginx\\t/etc/nginx/nginx.conf\\tcontent differs\\nrepair nginx 2\\nmanifest nginx\\n tracks-manifest 1\\n | user nginx;\\nvia nginx root key SHA256:old\\npreflight complete\\n"`,
    `;;`,
    // The keys come in a stream of their own.
    `resolve) printf "fact commit %s\\n" "$(grep -c "^| KEY$" <&3)-$6" ;;`,
    "esac",
    "# end of the tracks host script",
    "",
  ].join("\n"),
};
export const options: PreflightOptions = {
  survey: {
    user: "deployer",
    listenPort: 80,
    defaultServer: true,
    serverNames: ["tracks.stowers.org"],
    paths: [],
  },
  inTerms: inStackKeys,
};

const servers: TestServer[] = [];

export async function server(change: Partial<TestServerOptions> = {}): Promise<TestServer> {
  const started = await startServer({ hostKeys: [hostKey], authorized: [login], ...change });
  servers.push(started);
  return started;
}

export async function errorOf(promise: Promise<unknown>): Promise<HostError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof HostError) return error;
  throw new Error(`no HostError, but ${String(error)}`);
}

export async function ask(
  connection: Connection,
  more: Partial<PreflightOptions> = {},
): Promise<HostFacts> {
  return examine(connection, script, { ...options, ...more });
}

beforeEach(() => {
  vi.stubEnv("SSH_AUTH_SOCK", "");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(servers.splice(0).map((started) => started.close()));
});
