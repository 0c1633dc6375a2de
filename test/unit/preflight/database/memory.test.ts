import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../../host/facts";
import {
  type Remembered,
  rememberedSite,
  settleGeneration,
} from "../../../../preflight/database/memory";

describe("the generation of role and database", () => {
  const both = { role: true, database: true };
  const site = (server: string, generation: string): Remembered => ({
    database: "tracks",
    role: "deployer",
    server,
    generation,
  });
  const first = settleGeneration("a", "seed", { role: false, database: false }, undefined);

  it("stays as long as the server is the same one and has both", () => {
    const remembered = site("a", first);
    expect(settleGeneration("a", "another seed", both, remembered)).toBe(first);
    // Asked in vain, nothing is taken for lost.
    expect(settleGeneration("a", "another seed", undefined, remembered)).toBe(first);
    expect(settleGeneration("a", "seed", undefined, undefined)).toBe(first);
  });

  it("changes when one of them is gone, and again the next time", () => {
    const seen = new Set([first]);
    let generation = first;
    for (const lost of [
      { ...both, role: false },
      { ...both, database: false },
    ]) {
      const next = settleGeneration("a", "seed", lost, site("a", generation));
      expect(next).not.toBe(generation);
      generation = next;
      seen.add(next);
    }
    // A run that fails leaves the resources of the one before in the state: those are never meant again.
    expect(seen.size).toBe(3);
    expect([...seen].every((one) => /^[0-9a-f]{6}$/.test(one))).toBe(true);
  });

  it("changes on another server, and on one that was recreated under the same name", () => {
    expect(settleGeneration("b", "seed of b", both, site("a", first))).not.toBe(first);
    expect(settleGeneration("a/2", "seed", both, site("a/1", first))).not.toBe(first);
    expect(settleGeneration("a", "a new host key", both, undefined)).not.toBe(first);
  });

  it("is read from the host's records, in whichever manifest it is", () => {
    const lines = [
      "subsystem postgresql",
      "postgresql-site t role=d server=[::1]:1/2 generation=ab",
    ];
    const facts = {
      resources: new Map([["x", { manifest: lines }]]),
    } as unknown as HostFacts;
    expect(rememberedSite(facts)).toEqual({
      database: "t",
      role: "d",
      server: "[::1]:1/2",
      generation: "ab",
    });
    expect(rememberedSite(undefined)).toBeUndefined();
  });
});
