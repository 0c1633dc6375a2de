import { expect, it } from "vitest";
import { yumRepository } from "../../../../components/packages/yumRepository";
import { parseValue } from "../../../../host/manifest/value";

const whole = {
  id: "nginx-stable.el7:x_1",
  name: "nginx, stable",
  baseurl: "https://nginx.org/packages/centos/7/$basearch/",
  enabled: "false",
  gpgcheck: true,
  gpgkey: "file:///etc/pki/rpm-gpg/nginx",
  priority: "1",
  moduleHotfixes: "true",
  proxy: "http://proxy:3128",
};

function refusals(repository: unknown): string[] {
  const result = parseValue(yumRepository, repository);
  return "parsed" in result ? [] : result.refusals.map(({ path, allowed }) => `${path} ${allowed}`);
}

it("keeps every field, flags and numbers as such", () => {
  expect(parseValue(yumRepository, whole)).toEqual({
    parsed: { ...whole, enabled: false, priority: 1, moduleHotfixes: true },
  });
});

it.each(["mirrorlist", "metalink"])("takes %s in place of baseurl", (source) => {
  expect(refusals({ id: "a", [source]: "http://a/list" })).toEqual([]);
});

it.each([
  [{}],
  [{ baseurl: "http://a/", mirrorlist: "http://b/" }],
  [{ mirrorlist: "http://a/", metalink: "http://b/" }],
])("refuses %j: one source is needed", (sources) => {
  expect(refusals({ id: "a", ...sources })).toEqual([
    " exactly one of `baseurl`, `mirrorlist` and `metalink`",
  ]);
});

it.each<[field: string, value: unknown, words: string]>([
  ["id", "../nginx", "letters, digits, `.`, `_`, `:` and `-`"],
  ["id", "a b", "letters, digits, `.`, `_`, `:` and `-`"],
  ["id", "-a", "letters, digits, `.`, `_`, `:` and `-`"],
  ["id", "", "letters, digits, `.`, `_`, `:` and `-`"],
  ["name", "two\nlines", "one line of text"],
  ["name", "", "one line of text"],
  ["baseurl", "ftp://a/", "an http, https or file URL"],
  ["gpgkey", "https://me:hush@a/key", "an http, https or file URL"],
  ["proxy", "file:///a", "an http or https URL"],
  ["enabled", "si", "`true` or `false`"],
  ["gpgcheck", 0, "`true` or `false`"],
  ["moduleHotfixes", "no", "`true` or `false`"],
  ["priority", 0, "a number, 1 to 99"],
  ["priority", 100, "a number, 1 to 99"],
])("refuses %s %j", (field, value, words) => {
  const found = refusals({ ...whole, [field]: value });
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(`.${field} ${words}`);
});

it.each([["nginx"], [["nginx"]], [{ id: "a", baseurl: "http://a/", gpgCheck: true }]])(
  "refuses %j, and names the fields of a repository",
  (repository) => {
    expect(refusals(repository).join("\n")).toMatch(/an object of `id`, exactly one of `baseurl`/);
  },
);
