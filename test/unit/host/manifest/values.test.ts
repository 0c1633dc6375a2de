import { describe, expect, it } from "vitest";
import { parseValue, shown, text, type Value } from "../../../../host/manifest/value";
import * as values from "../../../../host/manifest/values";
import { ed25519KeyPair } from "../ed25519";

const key = ed25519KeyPair().public.trim();
const label = "a".repeat(63);

interface Row {
  readonly takes: readonly string[];
  readonly refuses: readonly string[];
  /** Characters that are allowed around it, of those that {@link around} adds. @default none */
  readonly free?: RegExp;
}

/** Added before and behind each value: what would end a word or a line, or begin a command or an option. */
const around = [" ", "\n", "\0", "\t", ";", "'", '"', "$(x)", "\\", "|"];

const accountName = {
  takes: ["_a", "a-b_1", "a".repeat(32)],
  refuses: ["A", "1a", "-a", "a.b", "a".repeat(33)],
};

const rows: Readonly<Record<string, Row>> = {
  port: { takes: ["1", "65535"], refuses: ["0", "65536", "1e3", "0x10", "8.5", "-1"] },
  address: {
    takes: [
      "a",
      "db.example.org",
      "192.0.2.7",
      "2001:db8::7",
      "::",
      "fe80::1%eth0",
      "::ffff:1.2.3.4",
      label,
    ],
    refuses: [
      "",
      "-a",
      "a-",
      "a..b",
      "a.-b",
      "a.b-",
      "[::1]",
      "me@a",
      "fe80::1%",
      `${label}a`,
      "a_b",
      "g::1",
    ],
  },
  serverName: {
    takes: ["a", "*.a.b", "a_b.c", label, Array(4).fill(label.slice(1)).join(".")],
    refuses: [
      "*",
      "*a.b",
      "a.*",
      "a.b:80",
      "-a",
      "a-",
      "a..b",
      `${label}a`,
      Array(5).fill(label).join("."),
    ],
  },
  hostName: {
    takes: ["a", "a-b.c", label, Array(4).fill(label.slice(1)).join(".")],
    refuses: [
      "*.a",
      "a_b",
      "-a",
      "a-",
      "a.-b",
      "a..b",
      `${label}a`,
      Array(5).fill(label).join("."),
    ],
  },
  djangoHost: {
    takes: [".a.b", "a_b:1", "[::1]", "a".repeat(253)],
    refuses: ["", "a/b", "a".repeat(255)],
  },
  siteName: {
    takes: ["a", "a_b-1", "a".repeat(64)],
    refuses: ["A", "1a", "-a", "a.b", "a".repeat(65)],
  },
  serviceName: { takes: ["a", "A@b.c_d-1"], refuses: ["@a", "-a", "a/b", ""] },
  loginName: accountName,
  groupName: accountName,
  absolutePath: {
    takes: ["/a", "/a.b/..c/d../...", "/A_b-c+d@e/1"],
    refuses: [
      "/",
      "//",
      "a",
      "/a/",
      "/a//b",
      "/.",
      "/..",
      "/a/.",
      "/a/..",
      "/a/../b",
      "/a/./b",
      "/a b",
      "/ä",
    ],
  },
  interpreterPath: {
    takes: ["/usr/bin/python3", "/usr/local/bin/python3.12", "/usr/bin/python"],
    refuses: ["/usr/bin/perl", "/opt/usr/bin/python", "python", "/usr/bin/python3-config"],
  },
  localPath: { takes: ["a b", "~/c'd"], refuses: ["", "a\nb"], free: /[ ;'"$|\\]/ },
  url: {
    takes: ["http://a", "https://a:1/b?c=d#e", "http://[::1]/"],
    refuses: [
      "ftp://a",
      "a",
      "http://",
      "http:///a",
      "http://me@a",
      "http://a/b@c",
      'http://a/"',
      "http://a/b c",
    ],
    free: /[;$|]/,
  },
  resourceUrl: {
    takes: ["http://a", "https://a/b", "file:///a/b"],
    refuses: ["file://me@a/b", "file:/a", "ftp://a/", "a", "http://me@a/", "file:///a b"],
    free: /[;$|]/,
  },
  packageName: {
    takes: ["a", "a-b|c.d_e+f", "7zip"],
    refuses: ["", "-a", "a|", "|a", "a||b", "a|-b", "a/b", "a*"],
  },
  loopbackAddress: {
    takes: [
      ...[
        "1024",
        "1029",
        "1030",
        "1099",
        "1100",
        "1999",
        "2000",
        "9999",
        "10000",
        "59999",
        "60000",
      ],
      ...["64999", "65000", "65499", "65500", "65529", "65530", "65535"],
    ].map((at) => `127.0.0.1:${at}`),
    refuses: [
      ...[
        "0",
        "80",
        "1023",
        "65536",
        "65540",
        "65600",
        "66000",
        "70000",
        "100000",
        "01024",
        "",
      ].map((at) => `127.0.0.1:${at}`),
      ...["127x0.0.1:8001", "127.0x0.1:8001", "127.0.0x1:8001", "0.0.0.0:8001", "8001"],
    ],
  },
  databaseName: {
    takes: ["_a", "a1_b", "a".repeat(63), "postgres_x", "template2", "template10", "pgx"],
    refuses: ["postgres", "template0", "template1", "pg_a", "A", "1a", "a-b", "a".repeat(64)],
  },
  postgresVersion: {
    takes: ["9.2", "9.6", "10", "18"],
    refuses: ["9.1", "9.7", "9", "9x2", "19", "110", "15.1"],
  },
  databasePassword: { takes: ["a b'c"], refuses: ["", "a\\b", "a\nb"], free: /[ ;'"$|]/ },
  modelName: { takes: ["a_1.b_2", "_a.1"], refuses: ["a", "A.b", "a.B", "1a.b", "a.b.c", "a."] },
  moduleName: {
    takes: ["a", "_A1.b_2.c"],
    refuses: ["1a", "a.", ".a", "a..b", "a.1b", "a-b", "a/b"],
  },
  relativePath: {
    takes: ["a", ".a/..b/c..", "a_b-c+d@e/1"],
    refuses: [
      "",
      "/a",
      "a/",
      "a//b",
      ".",
      "..",
      "./a",
      "../a",
      "a/.",
      "a/..",
      "a/../b",
      "a/b/../c",
      "a b",
    ],
  },
  uriPath: {
    takes: ["/", "/a/", "/a.b", "/a.b/c~d/", "/~a+b=c-d_e/f.json", "/.a"],
    refuses: [
      "",
      "a",
      "/a",
      "/a/b",
      "//",
      "/a//b/",
      "/./",
      "/../",
      "/a/../b/",
      "/a/..",
      "/a/.",
      "/a?b",
      "/a%20/",
    ],
  },
  gitUrl: {
    takes: [
      ...[
        "https://git.test/a/b.git",
        "https://git.test:8443/a",
        "https://git.test:1/a",
        "https://a/b~c,d=e+f%20g:h",
      ],
      ...[
        "ssh://git@git.test/a",
        "ssh://git.test:65535/a",
        "ssh://a.b@git-1.test:2222/~/a",
        "file:///srv/a.git",
      ],
      ...["git@git.test:a/b.git", "a.b-c@d:/srv/a"],
    ],
    refuses: [
      ...[
        "http://git.test/a",
        "https://me:hush@git.test/a",
        "https://git.test",
        "https://git.test/",
        "https:///a",
      ],
      ...[
        "https://git.test:123456/a",
        "https://git.test:65536/a",
        "ssh://git@git.test:70000/a.git",
        "https://git.test:x/a",
        "ssh://me:hush@git.test/a",
        "ssh://git.test:/a",
      ],
      ...[
        "ssh://@git.test/a",
        "ssh:///a",
        "file://a",
        "file://host/a",
        "git.test:a",
        "git@git.test",
        "-oX@a:b c",
      ],
    ],
  },
  gitReference: {
    takes: ["main", "v1.2", "a/b+c_d", "a".repeat(200), "0123456789abcdef0123456789abcdef01234567"],
    refuses: [
      "",
      "-a",
      "a..b",
      "abc..d",
      "a//b",
      "a@{1}",
      "a.",
      "a/",
      "a b",
      "a~1",
      "a^",
      "a".repeat(201),
    ],
  },
  requirement: {
    takes: [
      ...[
        "Django",
        "Django==1.11.29",
        "a[b]",
        "a-b.c_d[e,f-g]>=1,<2",
        "a!=1.*",
        "a~=1.2",
        "a===1!2+x",
      ],
      ...["a>1", "a<=1,!=2,==3"],
    ],
    refuses: [
      ...[
        "-r x",
        "--a",
        "a b",
        "a==",
        "a[",
        "a[]",
        "a]",
        "a==1,",
        "a,b",
        "a=>1",
        "a@http://b",
        "a;x",
        "./a",
      ],
    ],
  },
  password: { takes: ["a b\\c"], refuses: ["", "a\nb"], free: /[ ;'"$|\\]/ },
  sslMode: {
    takes: ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
    refuses: ["", "verify", "Require"],
  },
  authorizedKey: {
    takes: [
      key,
      `${key} me@here`,
      `from="10.0.0.0/8,::1",no-pty ${key}`,
      `command="a b c" ${key} x y`,
    ],
    refuses: [
      "",
      "me@here",
      key.slice(0, 30),
      `${key.split(" ")[1] ?? ""} ssh-ed25519`,
      `${key}\n${key}`,
    ],
    // Options before the key, a comment behind it.
    free: /[ ;'"$|\\]/,
  },
  publicKey: {
    takes: [key, `${key} a comment`],
    refuses: ["", "ssh-ed25519 AAAA", `host ${key}`, "ssh-dss AAAAB3NzaC1kc3MAAACBA"],
    // It becomes its canonical line, without spaces around it and the comment.
    free: /[^]/,
  },
};

const kinds = Object.entries<unknown>(values).filter(
  (entry): entry is [string, Value<unknown>] => typeof entry[1] === "object",
);

const isTaken = (kind: Value<unknown>, value: unknown): boolean =>
  "parsed" in parseValue(kind, value);

it("every kind of value is here", () => {
  expect(kinds.map(([name]) => name).sort()).toEqual(Object.keys(rows).sort());
});

describe.each(kinds)("%s", (name, kind) => {
  const { takes, refuses, free } = rows[name] ?? { takes: [], refuses: [] };

  it.each(takes)("takes %j, and nothing that others could read as more than that", (value) => {
    expect(isTaken(kind, value)).toBe(true);
    for (const more of around) {
      if (free?.test(more) === true) continue;
      expect(isTaken(kind, more + value), JSON.stringify(more + value)).toBe(false);
      expect(isTaken(kind, value + more), JSON.stringify(value + more)).toBe(false);
    }
  });

  it.each(refuses)("refuses %j in its own words", (value) => {
    expect(parseValue(kind, value)).toEqual({
      refusals: [{ path: "", given: value, allowed: kind.allowed, superfluous: false }],
    });
  });

  it.each([undefined, null, {}, [], true, Number.NaN])("refuses %j, which is no text", (value) => {
    const result = parseValue(kind, value);
    expect("refusals" in result && result.refusals.map(({ allowed }) => allowed)).toEqual([
      kind.allowed,
    ]);
  });
});

describe("a refused value", () => {
  it("is shown as it is up to 120 characters, and cut behind that", () => {
    expect(shown("a".repeat(118))).toBe(`"${"a".repeat(118)}"`);
    expect(shown("a".repeat(119))).toBe(`"${"a".repeat(116)}...`);
  });

  it("in a list has its place", () => {
    const pair: Value<unknown> = { ...text("x", /^x$/), schema: text("x", /^x$/).schema.array() };
    expect(parseValue(pair, ["x", "y"])).toEqual({
      refusals: [{ path: "[1]", given: "y", allowed: "x", superfluous: false }],
    });
  });
});
