import { expect, it } from "vitest";
import { djangoHosts, proofHost } from "../../../settings/hostNames";

it("a wildcard of nginx becomes Django's, which has the name itself too", () => {
  expect(djangoHosts(["*.example.org", "a.example.org", "b*.x"])).toEqual([
    ".example.org",
    "a.example.org",
    "b*.x",
  ]);
});

it.each<[names: string[], allowed: string[], host: string | undefined]>([
  [["a.test"], ["a.test"], "a.test"],
  [["a.test"], ["b.test"], undefined],
  [["A.test"], ["a.TEST"], "A.test"],
  [["example.org"], [".example.org"], "example.org"],
  [["a.example.org"], [".Example.org"], "a.example.org"],
  [["notexample.org"], [".example.org"], undefined],
  [["example.org.evil"], [".example.org"], undefined],
  [["a_b.test", "c.test"], ["a_b.test", "c.test"], "c.test"],
  // A name without a wildcard first, wherever it stands.
  [["*.example.org", "a.test"], [".example.org", "a.test"], "a.test"],
  [["*.example.org"], [".example.org"], "www.example.org"],
  [["*.example.org"], ["www.example.org"], "www.example.org"],
  [["*.example.org"], ["ftp.example.org"], undefined],
  [["a.test", "*.example.org"], [".example.org"], "www.example.org"],
])("of %j, with %j allowed, a release is tested as %s", (names, allowed, host) => {
  expect(proofHost(names, allowed)).toBe(host);
});
