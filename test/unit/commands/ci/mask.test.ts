import { describe, expect, it } from "vitest";
import { knownSecrets, maskOf } from "../../../../commands/ci/mask";

const key = "-----BEGIN KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END KEY-----\n";
const source = {
  ...{ stack: "production", directory: "/", labDirectory: "/", home: "/" },
  settings: { "tracks:host": "tracks.example.org", "tracks:sudoPassword": "open sesame" },
  secretNames: new Set(["tracks:sudoPassword"]),
};

describe("the secrets of a run", () => {
  it("are the stack's secret settings and what the variables hold, by their names", () => {
    const environment = {
      ...{ PULUMI_CONFIG_PASSPHRASE: "correct horse", GITHUB_TOKEN: "ghs_1" },
      ...{ AWS_SECRET_ACCESS_KEY: "aws", PULUMI_CONFIG_PASSPHRASE_FILE: "/run/passphrase" },
      ...{ HOME: "/home/ci", PULUMI_ACCESS_TOKEN: undefined },
    };
    expect(knownSecrets(source, environment).sort()).toEqual(
      ["aws", "correct horse", "ghs_1", "open sesame"].sort(),
    );
  });

  it("are in no text of a result, whatever its depth", () => {
    const result = {
      failure: "sudo: open sesame",
      changes: [{ lines: ["+ open sesame!", "+ a"] }],
    };
    expect(maskOf(["open sesame"])(result)).toEqual({
      failure: "sudo: [secret]",
      changes: [{ lines: ["+ [secret]!", "+ a"] }],
    });
  });

  it("are masked line by line where a key has lines, but not the lines that every key has", () => {
    expect(maskOf([key])("a BgkqhkiG9w0B b\n-----END KEY-----")).toBe(
      "a [secret] b\n-----END KEY-----",
    );
  });

  it("are masked as a whole where one is part of another", () => {
    expect(maskOf(["secret", "secret-long", "(a+b)"])("secret-long (a+b)")).toBe(
      "[secret] [secret]",
    );
  });

  it.each([
    ["JSON", JSON.stringify({ a: 'pass"wo\\rd' })],
    ["an address", `https://user:${encodeURIComponent('pass"wo\\rd')}@example.org`],
    ["base64 text", Buffer.from('pass"wo\\rd').toString("base64")],
    ["base64 text with more before it", Buffer.from('u:pass"wo\\rd').toString("base64")],
    ["base64 text with more around it", Buffer.from('us:pass"wo\\rd:').toString("base64")],
  ])("are masked in %s, too", (_, text) => {
    const shown = maskOf(['pass"wo\\rd'])(text);
    expect(shown).toContain("[secret]");
    const rest = shown.replaceAll("[secret]", " ");
    expect(Buffer.from(rest, "base64").toString()).not.toMatch(/as|wo/);
    expect(rest).not.toMatch(/pass|wo/);
  });

  it.each([
    [
      "a list",
      '["TZ=UTC","SENTRY_DSN=https://k:feather@sentry.example.org/?a=b"]',
      "https://k:feather@sentry.example.org/?a=b",
    ],
    ["an object", '{"a":{"b":["owl feather"],"c":null,"d":1}}', "owl feather"],
    ["an object with a key", JSON.stringify({ private_key: key }), "BgkqhkiG9w0B"],
  ])("are masked one by one where a setting is %s", (_, setting, text) => {
    expect(maskOf([setting])(`env = ${text} 1 null`)).toBe("env = [secret] 1 null");
  });

  it("are masked in a word of the shell, and at the ends of lines of Windows", () => {
    expect(maskOf(["it's one", "two-lines\r\nthree"])("'it'\\''s one' two-lines")).toBe(
      "'[secret]' [secret]",
    );
  });

  it("leave numbers and empty values alone, and make no text unreadable by a short one", () => {
    expect(maskOf(["a", ""])({ a: 1, b: undefined, c: null, d: "a cat" })).toEqual({
      ...{ a: 1, b: undefined, c: null, d: "a cat" },
    });
  });
});
