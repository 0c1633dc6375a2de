import type { Fault } from "./fault";
import { setCommand } from "./key";
import { labHost } from "./lab";
import type { Reading } from "./read";
import { fullName, keys } from "./schema";

/** Faults that only two settings together make, those of the connection aside. */
export function checkRules({ values, given }: Reading): Fault[] {
  const faults: Fault[] = [];
  const { deployerUser, hostUser, listenPort, hostPort } = values;

  if (deployerUser === "root" || (deployerUser !== undefined && deployerUser === hostUser)) {
    faults.push({
      key: fullName("deployerUser"),
      given: `"${deployerUser}"`,
      allowed:
        "another login than root and hostUser: the deployment sets its password, keys and sudo rules",
      mend: setCommand(fullName("deployerUser"), keys.deployerUser),
    });
  }
  if (values.rehearsal === true && values.host !== undefined && values.host !== labHost) {
    faults.push({
      key: fullName("host"),
      given: `"${values.host}", but ${fullName("rehearsal")} is true`,
      allowed: `${labHost}: a rehearsal never touches another host`,
      mend: `pulumi config set ${fullName("host")} ${labHost}`,
    });
  }
  if (listenPort !== undefined && listenPort === hostPort) {
    faults.push({
      key: fullName("listenPort"),
      given: `${listenPort}, which is ${fullName("hostPort")} too`,
      allowed: "another port than the SSH server's",
      mend: setCommand(fullName("listenPort"), keys.listenPort),
    });
  }
  const ids = (values.yumRepositories ?? []).map(({ id }) => id);
  const twice = ids.findIndex((id, index) => ids.indexOf(id) < index);
  if (twice >= 0) {
    faults.push({
      key: `${fullName("yumRepositories")}[${twice}].id`,
      given: `"${ids[twice] ?? ""}", a second time`,
      allowed: "an id of its own for each repository",
      mend: `pulumi config set --path '${fullName("yumRepositories")}[${twice}].id' ANOTHER`,
    });
  }
  if (values.host !== undefined && values.host !== labHost && !given.has("deployerPassword")) {
    faults.push({
      key: fullName("deployerPassword"),
      given: "nothing",
      allowed: keys.deployerPassword.value.allowed,
      mend: setCommand(fullName("deployerPassword"), keys.deployerPassword),
    });
  }
  return faults;
}
