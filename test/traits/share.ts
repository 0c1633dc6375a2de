import { describe, expect, it } from "vitest";
import { dangerousPairs, hostsFor } from "./combinations";
import { tryTraits } from "./host";
import { traits } from "./traits";

/**
 * Tests every second one of the hosts that have each trait and each dangerous pair: each share has its own file,
 * so that both run at the same time, next to a third file.
 */
export function describeShare(share: 1 | 2): void {
  const hosts = hostsFor(traits, dangerousPairs(traits))
    .map((host, index) => [host.map(({ name }) => name).join(" "), host, index] as const)
    .filter(([, , index]) => index % 2 === share - 1);

  describe("a site is deployed, used and destroyed on a host with", () => {
    it.each(hosts)("%s", { timeout: 900_000 }, async (_, host, index) => {
      const { failures } = await tryTraits(`traits-${index + 1}`, host);
      expect(failures).toEqual([]);
    });
  });
}
