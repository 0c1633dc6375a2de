import { type Connection, connectionFingerprint } from "../../host/ssh/connection";
import type { HostFacts } from "../../host/facts";
import { type Problem, warningOf } from "../../host/problem";

/** Resources whose delete would use another login than the configured one. */
export function staleLogins(connection: Connection, { resources }: HostFacts): Problem[] {
  const now = connectionFingerprint(connection);
  const others = [...resources].filter(([, { via }]) => via !== undefined && via !== now);
  if (others.length === 0) return [];
  const logins = [...new Set(others.map(([, { via }]) => via))].join(", ");
  return [
    warningOf({
      subject: `Another login applied ${others.length} of the host's resources last`,
      given: now,
      found: logins,
      fix: ["pulumi up   (while both logins work, and before a `pulumi destroy`)"],
      reason: "A delete uses the login of the last `pulumi up`.",
    }),
  ];
}
