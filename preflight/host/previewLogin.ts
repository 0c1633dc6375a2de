import { hostScriptDigest, installedScript } from "../../host/script/hostScript";
import { loginName } from "../../host/manifest/values";
import { errorOf, type ProblemParts } from "../../host/problem";
import { problemError } from "../../host/ProblemError";
import type { Connection } from "../../host/ssh/connection";
import type { Deadline } from "../../host/ssh/deadline";
import { HostError } from "../../host/ssh/error";
import type { CommandResult, Session } from "../../host/ssh/session";
import { refusal } from "../refuse";
import { isWhole, unread } from "./survey";

const variable = "TRACKS_PREVIEW_USER";

/**
 * Login that a preview looks at the host with, by the variable TRACKS_PREVIEW_USER: one whose sudo rule allows the
 * verb `look` of the host's installed script, and nothing else.
 *
 * @returns undefined where the variable is not set or empty: the stack's own login looks, too
 * @throws ProblemError for what is no login name
 */
export function previewUserIn(environment: NodeJS.ProcessEnv): string | undefined {
  const given = environment[variable];
  if (given === undefined || given === "") return undefined;
  if (loginName.schema.safeParse(given).success) return given;
  throw problemError({ subject: variable, given: `"${given}"`, allowed: loginName.allowed });
}

/**
 * Refuses that login in an `up` and a `destroy`.
 *
 * @throws ProblemError
 */
export function refuseOutsidePreview(previewUser: string): void {
  throw refusal([
    errorOf({
      subject: variable,
      given: previewUser,
      allowed: "nothing but in a preview: this login may only look",
      fix: [`unset ${variable}   (deploys with the stack's own login)`],
    }),
  ]);
}

/**
 * The same way to the host with the login that only looks. The resources keep the stack's own login.
 *
 * @throws ProblemError where the stack has its login's private key: who previews could use it and deploy
 */
export function previewLogin(connection: Connection, previewUser: string): Connection {
  if (connection.identity.kind === "agent") {
    return { ...connection, user: previewUser, privilege: { kind: "passwordless" } };
  }
  throw problemError({
    subject: variable,
    given: `${previewUser}, and Connection.privateKey`,
    allowed:
      "a login by SSH agent: that of a preview holds the key of the login that may only look",
    fix: [
      "leave out Connection.privateKey",
      "then give `pulumi up` an SSH agent that holds the deployment's key",
    ],
    reason: `Every preview has the key of ${connection.user}, and could deploy.`,
  });
}

/** What the host's installed script answers. */
export interface InstalledAnswer {
  readonly stdout: string;
  /** SHA-256 of the script, in hex: it may be that of another version of this program. */
  readonly digest: string;
}

/**
 * Runs the host's installed script, in the one way that the login's sudo rule allows. Nothing is sent that root runs.
 *
 * @param scope project and stack, `PROJECT.STACK`
 * @param words of `lookWords`
 * @throws {@link HostError} where the host has no script, sudo refuses, or the script does not know the words
 */
export async function askInstalledScript(
  session: Session,
  { user }: Connection,
  scope: string,
  words: readonly string[],
  deadline: Deadline,
): Promise<InstalledAnswer> {
  const script = installedScript(scope);
  const sum = await session.exec(["sha256sum", script], "", deadline);
  const [, digest] = /^\\?([0-9a-f]{64}) /.exec(sum.stdout) ?? [];
  if (digest === undefined) throw new HostError("script", missing(script, sum));
  const command = ["env", "LC_ALL=C", "sudo", "-n", script, ...words];
  const result = await session.exec(command, "", deadline);
  if (isWhole(result)) return { stdout: result.stdout, digest };
  // What sudo says itself begins so.
  const [said] = /^(?:sudo: |Sorry, user ).*$/m.exec(result.stderr) ?? [];
  if (result.exitCode === 127 || said !== undefined) {
    throw new HostError("sudo", refusedBySudo(user, script, said));
  }
  const isOtherScript = digest !== hostScriptDigest();
  throw new HostError("script", { ...unread(result), fix: isOtherScript ? [install] : undefined });
}

const install = "pulumi up   (with the stack's own login: installs this version's script)";

function missing(script: string, { stderr }: CommandResult): ProblemParts {
  return {
    subject: `The host has no script ${script}, which the login of ${variable} would run`,
    fix: ["pulumi up   (once, with the stack's own login: installs it)"],
    reason: stderr.trim() || undefined,
  };
}

function refusedBySudo(user: string, script: string, said: string | undefined): ProblemParts {
  const file = `/etc/sudoers.d/${user}`;
  return {
    subject: `sudo does not let ${user} look at the host`,
    fix: [
      `${user} ALL=(root) NOPASSWD: ${script} look *   (on the host, by: visudo -f ${file})`,
      `Defaults:${user} !requiretty   (there too)`,
    ],
    reason: said ?? "The host has no sudo.",
  };
}
