import type { ProblemParts } from "../host/problem";
import { setCommand } from "./key";
import { labHost } from "./lab";
import type { Reading } from "./read";
import { fullName, keys } from "./schema";

/** Checks settings together, except those of the connection. */
export function checkRules({ values, given }: Reading): ProblemParts[] {
  const problems: ProblemParts[] = [];
  const { deployerUser, hostUser, listenPort, hostPort } = values;

  if (deployerUser === "root" || (deployerUser !== undefined && deployerUser === hostUser)) {
    problems.push({
      subject: fullName("deployerUser"),
      given: `"${deployerUser}"`,
      allowed:
        "another login than root and hostUser: the deployment sets its password, keys and sudo rules",
      fix: [setCommand(fullName("deployerUser"), keys.deployerUser)],
    });
  }
  if (values.rehearsal === true && values.host !== undefined && values.host !== labHost) {
    problems.push({
      subject: fullName("host"),
      given: `"${values.host}", but ${fullName("rehearsal")} is true`,
      allowed: `${labHost}: a rehearsal never touches another host`,
      fix: [`pulumi config set ${fullName("host")} ${labHost}`],
    });
  }
  if (listenPort !== undefined && listenPort === hostPort) {
    problems.push({
      subject: fullName("listenPort"),
      given: `${listenPort}, which is ${fullName("hostPort")} too`,
      allowed: "another port than the SSH server's",
      fix: [setCommand(fullName("listenPort"), keys.listenPort)],
    });
  }
  if (values.host !== undefined && values.host !== labHost && !given.has("deployerPassword")) {
    problems.push({
      subject: fullName("deployerPassword"),
      given: "nothing",
      allowed: keys.deployerPassword.value.allowed,
      fix: [setCommand(fullName("deployerPassword"), keys.deployerPassword)],
    });
  }
  return problems;
}
