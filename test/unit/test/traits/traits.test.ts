import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dangerousPairs, hostsFor, pairsOf } from "../../../traits/combinations";
import { exitStatus, outcomeTable, traitTable } from "../../../traits/tables";
import { fit } from "../../../traits/trait";
import { traits } from "../../../traits/traits";

describe.each([
  ["every pair", pairsOf(traits), 14],
  ["every dangerous pair", dangerousPairs(traits), 4],
])("the hosts for %s of traits", (_, pairs, most) => {
  const hosts = hostsFor(traits, pairs);

  it("have each pair and each trait, and none that exclude each other", () => {
    const without = pairs.filter(
      (pair) => !hosts.some((host) => pair.every((t) => host.includes(t))),
    );
    expect(without).toEqual([]);
    expect(new Set(hosts.flat())).toEqual(new Set(traits));
    for (const host of hosts) {
      for (const one of host) expect(host.every((other) => fit(one, other))).toBe(true);
    }
  });

  it("are few in number", () => {
    expect(hosts.length).toBeLessThanOrEqual(most);
  });

  it("are the same each time", () => {
    expect(hostsFor(traits, pairs)).toEqual(hosts);
  });
});

describe("the result of a run", () => {
  const hosts = traits.slice(0, 3).map((trait) => [trait]);
  const passed = { traits: [], failures: [], seconds: 200 };
  const failed = { traits: [], failures: [{ step: "upload", reason: "413" }], seconds: 90 };
  const three = new Map([passed, passed, passed].entries());

  it("is a success only where all of them passed, and no run that was interrupted", () => {
    expect(exitStatus(hosts, three, false)).toBe(0);
    expect(exitStatus(hosts, three, true)).toBe(130);
    expect(exitStatus(hosts, new Map([passed, passed].entries()), false)).toBe(1);
    expect(exitStatus(hosts, new Map([passed, failed, passed].entries()), false)).toBe(1);
  });

  it("has a line for a host that was not finished", () => {
    const outcomes = new Map([
      [0, passed],
      [2, failed],
    ]);
    const [, second, third] = outcomeTable(hosts, outcomes, "1234567").split("\n").slice(-3);
    expect(second).toMatch(/\| not finished \| +\|$/);
    expect(third).toMatch(/\| failed: upload \| 90 \|$/);
  });
});

describe("the table of traits", () => {
  it("names each trait once, and marks pairs that can be on one host", () => {
    const names = traits.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const trait of traits) {
      for (const name of trait.dangerousWith ?? []) {
        const other = traits.find((each) => each.name === name);
        expect(other !== undefined && fit(trait, other), `${trait.name} with ${name}`).toBe(true);
      }
    }
  });

  it("is the one in docs/reliability.md: else put `npm run test:traits -- --list` there", () => {
    const narrow = (text: string) => text.replaceAll(/ +/g, " ").replaceAll(/-+/g, "-");
    const page = readFileSync(join(__dirname, "../../../../docs/reliability.md"), "utf8");
    expect(narrow(page)).toContain(narrow(traitTable(traits)));
  });
});
