import { type Connection, connectionFingerprint } from "../../host/ssh/connection";
import type { HostFacts } from "../../host/facts";

/** What a preview tells of the host: what stands in the way, and logins that deletes still use. */
export function notices(connection: Connection, facts: HostFacts): string[] {
  const now = connectionFingerprint(connection);
  const others = [...facts.resources].filter(([, { via }]) => via !== undefined && via !== now);
  const logins = [...new Set(others.map(([, { via }]) => via))].join(", ");
  const stale =
    others.length === 0
      ? []
      : [
          `${others.length} of the host's resources were last applied by ${logins}; the configuration says ${now}. A delete uses the login of the last \`pulumi up\`: run \`pulumi up\` while both logins work, and before a \`pulumi destroy\`.`,
        ];
  return [...facts.conflicts.map((conflict) => `On the host: ${conflict}`), ...stale];
}
