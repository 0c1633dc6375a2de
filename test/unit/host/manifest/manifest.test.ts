import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  type ManifestEntry,
  primaryGroupOf,
  renderManifest,
  yumConf,
} from "../../../../host/manifest/manifest";
import { ProblemError } from "../../../../host/ProblemError";

const via = "root key SHA256:abc";

function lines(...entries: ManifestEntry[]): string[] {
  return renderManifest({ name: "web", subsystem: "nginx", entries }, via).split("\n");
}

describe("a manifest", () => {
  it("frames its entries so that a truncated one is noticed", () => {
    expect(lines()).toEqual([
      "tracks-manifest 1",
      "resource web",
      "subsystem nginx",
      "via root key SHA256:abc",
      "end",
      "",
    ]);
  });

  it.each<[string, ManifestEntry, string[]]>([
    [
      "file",
      { kind: "file", path: "/etc/motd", content: "a\n\nb\n" },
      ["file /etc/motd owner=root group=root mode=0644", "| a", "|", "| b"],
    ],
    [
      "file of a user, with a context, without a final newline",
      {
        kind: "file",
        path: "/srv/x",
        owner: "u",
        group: "g",
        mode: "0600",
        context: "etc_t",
        content: "a",
      },
      ["file /srv/x owner=u group=g mode=0600 context=etc_t eol=no", "| a"],
    ],
    [
      "empty file",
      { kind: "file", path: "/srv/x", content: "" },
      ["file /srv/x owner=root group=root mode=0644"],
    ],
    [
      "file with a check",
      { kind: "file", path: "/etc/sudoers.d/x", mode: "0440", check: "sudoers", content: "x\n" },
      ["file /etc/sudoers.d/x owner=root group=root mode=0440 check=sudoers", "| x"],
    ],
    [
      "directory",
      { kind: "directory", path: "/srv" },
      ["directory /srv owner=root group=root mode=0755"],
    ],
    ["symlink", { kind: "symlink", path: "/a", target: "../b" }, ["symlink /a -> ../b"]],
    ["absent path", { kind: "absent", path: "/a" }, ["absent /a"]],
    [
      "absent path, if it is a package's",
      { kind: "absent", path: "/a", of: "package" },
      ["absent /a of=package"],
    ],
    [
      "directory of a user, and of whatever its primary group is",
      { kind: "directory", path: "/srv", owner: "u" },
      ["directory /srv owner=u mode=0755"],
    ],
    [
      "PostgreSQL server",
      {
        kind: "postgresql-server",
        version: "15",
        service: "postgresql",
        binaries: "auto",
        dataDirectory: "/srv/pgsql",
        port: 5432,
        encryption: "scram-sha-256",
      },
      [
        "postgresql-server 15 service=postgresql binaries=auto data=/srv/pgsql port=5432 encryption=scram-sha-256",
      ],
    ],
    [
      "role with its password, which is no template",
      { kind: "postgresql-role", name: "deployer", password: "p @@X@@", createRole: true },
      ["postgresql-role deployer createdb=no createrole=yes", "| p @@X@@"],
    ],
    [
      "login of a role",
      { kind: "postgresql-access", role: "deployer", databases: ["postgres", "tracks"] },
      ["postgresql-access deployer databases=postgres,tracks"],
    ],
    [
      "database",
      { kind: "postgresql-database", name: "tracks", owner: "deployer" },
      ["postgresql-database tracks owner=deployer"],
    ],
    [
      "database to adopt",
      { kind: "postgresql-adoption", database: "tracks", role: "deployer", provisioner: "p" },
      ["postgresql-adoption tracks role=deployer provisioner=p"],
    ],
    [
      "setting",
      {
        kind: "setting",
        path: "/etc/yum.conf",
        section: "main",
        key: "proxy",
        value: "http://p:1",
      },
      ["setting /etc/yum.conf section=main key=proxy", "| http://p:1"],
    ],
    ["package", { kind: "package", names: ["a", "b"] }, ["package a b"]],
    ["module", { kind: "module", stream: "postgresql:15" }, ["module postgresql:15"]],
    [
      "module or package",
      { kind: "module", stream: "postgresql:15", package: "postgresql-server" },
      ["module postgresql:15 package=postgresql-server"],
    ],
    [
      "user",
      {
        kind: "user",
        name: "deployer",
        home: "/home/deployer",
        shell: "/bin/bash",
        groups: ["a", "b"],
      },
      ["user deployer home=/home/deployer shell=/bin/bash groups=a,b system=no"],
    ],
    ["password", { kind: "password", user: "u", password: "p w" }, ["password u", "| p w"]],
    ["service", { kind: "service", name: "nginx" }, ["service nginx"]],
    [
      "SELinux boolean",
      { kind: "selinux-boolean", name: "b", value: "on" },
      ["selinux-boolean b on"],
    ],
    [
      "SELinux port",
      { kind: "selinux-port", type: "http_port_t", protocol: "tcp", port: 8080 },
      ["selinux-port http_port_t tcp 8080"],
    ],
    [
      "SELinux context",
      { kind: "selinux-context", type: "httpd_log_t", pattern: "/a(/.*)?" },
      ["selinux-context httpd_log_t /a(/.*)?"],
    ],
    [
      "firewall port",
      { kind: "firewall-port", protocol: "tcp", port: 80 },
      ["firewall-port tcp 80"],
    ],
    [
      "user without further groups",
      { kind: "user", name: "u", home: "/home/u", shell: "/bin/sh" },
      ["user u home=/home/u shell=/bin/sh system=no"],
    ],
    [
      "PostgreSQL server whose places the host knows",
      {
        ...{ kind: "postgresql-server", version: "15", service: "postgresql", port: 5432 },
        ...{ binaries: "auto", dataDirectory: "auto", encryption: "scram-sha-256" },
      },
      [
        "postgresql-server 15 service=postgresql binaries=auto data=auto port=5432 encryption=scram-sha-256",
      ],
    ],
    [
      "PostgreSQL role without further rights",
      { kind: "postgresql-role", name: "tracks", password: "x" },
      ["postgresql-role tracks createdb=no createrole=no", "| x"],
    ],
    [
      "PostgreSQL role that makes databases and roles",
      {
        ...{ kind: "postgresql-role", name: "tracks", password: "x" },
        ...{ createDatabase: true, createRole: true },
      },
      ["postgresql-role tracks createdb=yes createrole=yes", "| x"],
    ],
  ])("writes a %s as lines", (_, entry, expected) => {
    expect(lines(entry).slice(4, -2)).toEqual(expected);
  });

  it("takes no line of a file's content for an entry", () => {
    const text = lines({ kind: "file", path: "/a", content: "x\nend\npackage evil\n" });
    expect(text.filter((line) => line === "end")).toHaveLength(1);
    expect(text).toContain("| package evil");
  });

  it.each<[string, ManifestEntry]>([
    ["a relative path", { kind: "absent", path: "etc/motd" }],
    ["a path with ..", { kind: "absent", path: "/etc/../motd" }],
    ["a path with a final slash", { kind: "directory", path: "/etc/" }],
    ["a path with a space", { kind: "absent", path: "/a b" }],
    ["a name with a newline", { kind: "service", name: "a\npackage evil" }],
    ["a value of two lines", { kind: "password", user: "u", password: "a\nend" }],
    ["a mode of three digits", { kind: "directory", path: "/a", mode: "755" }],
    ["a mode with something before it", { kind: "directory", path: "/a", mode: "u=rwx,0755" }],
    ["a mode with something behind it", { kind: "directory", path: "/a", mode: "07550" }],
    [
      "a relative place of PostgreSQL's programs",
      {
        ...{ kind: "postgresql-server", version: "15", service: "postgresql", port: 5432 },
        ...{ binaries: "bin", dataDirectory: "auto", encryption: "scram-sha-256" },
      },
    ],
    ["content with a NUL", { kind: "file", path: "/a", content: "\0" }],
  ])("refuses %s", (_, entry) => {
    expect(() => lines(entry)).toThrow(ProblemError);
  });

  it("says of a mode what was given and what is allowed", () => {
    const entry: ManifestEntry = { kind: "directory", path: "/a", mode: "755" };
    expect(() => lines(entry)).toThrow(/^ +mode\n +given: +"755"\n +allowed: +four octal digits/m);
  });

  it("keeps the placeholders that the host script replaces", () => {
    expect([yumConf, primaryGroupOf("deployer")]).toEqual([
      "@@YUM_CONF@@",
      "@@GROUP_OF deployer@@",
    ]);
    const script = readFileSync("host/script/placeholders.sh", "utf8");
    const [, pattern = ""] = /^readonly PLACEHOLDER_PATTERN='(.*)'$/m.exec(script) ?? [];
    expect(yumConf).toMatch(new RegExp(`^${pattern}$`));
    expect(primaryGroupOf("deployer")).toMatch(new RegExp(`^${pattern}$`));
    expect(script).toContain(" YUM_CONF ");
  });
});
