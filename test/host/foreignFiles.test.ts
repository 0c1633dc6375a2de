import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { installPostgresql } from "./postgresqlHost";
import { manifest, PrivateRoot } from "./privateRoot";

/** Files of somebody else in which one piece is ours: every other byte stays. */
let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});
const bytes = (path: string): string => readFileSync(host.at(path)).toString("latin1");
const writeBytes = (path: string, content: string): void => {
  host.write(path, "");
  writeFileSync(host.at(path), Buffer.from(content, "latin1"));
};
/** The copy of a file as it was, which the output names. */
function kept(stdout: string, path: string): string {
  const [, copy] = new RegExp(`kept ${path} as it was before: (/\\S+)`).exec(stdout) ?? [];
  expect(copy, stdout).toBeDefined();
  return bytes(copy ?? "");
}

describe("pg_hba.conf", () => {
  const hba = "/var/lib/pgsql/data/pg_hba.conf";
  const access = (role = "deployer"): string =>
    manifest(
      "database",
      "postgresql",
      "postgresql-server 15 service=postgresql binaries=auto data=auto port=5432 encryption=scram-sha-256",
      `postgresql-access ${role} databases=tracks`,
    );
  const block = (role = "deployer", scope = "tracks.dev"): string =>
    `# BEGIN ${scope}: written by Pulumi; the first line that matches decides\nhost "tracks" "${role}" 127.0.0.1/32 scram-sha-256\n# END ${scope}\n`;
  const remote = "host all all 192.0.2.0/24 scram-sha-256";

  beforeEach(() => {
    installPostgresql(host);
    host.write("/var/lib/pgsql/data/PG_VERSION", "15\n");
  });

  it.each([
    ["without a newline at its end", `local all all peer\n${remote}`],
    ["with CRLF", `local all all peer\r\n${remote}\r\n`],
    [
      "with includes of other files",
      `local all all peer\ninclude_if_exists "site.conf"\nhost @admins all ::1/128 md5\n`,
    ],
    ["with bytes of another encoding", `local all all peer\n# Zürich \xfc\xff\x01\n${remote}\n`],
    ["with blank lines and tabs at its end", `local\tall all  peer\n\n\t\n\n`],
    ["with backslashes", "local all all peer\n# a\\\nhost all all 192.0.2.1/32 md5 \\\n"],
  ])("%s: keeps every byte of others, and a copy of the file", async (_, content) => {
    writeBytes(hba, content);
    const run = await host.apply(access());
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(bytes(hba)).toBe(block() + content);
    expect(kept(run.stdout, hba)).toBe(content);
    expect((await host.apply(access("painter"))).code).toBe(0);
    expect(bytes(hba)).toBe(block("painter") + content);
  });

  it("keeps its owner and mode, and the block of another program", async () => {
    const others = block("other", "shop.production");
    host.write(hba, `local all all peer\n${others}${remote}`, 0o640);
    chownSync(host.at(hba), 26, 26);
    await host.apply(access());
    expect(host.read(hba)).toBe(`${block()}local all all peer\n${others}${remote}`);
    expect(host.ownership(hba)).toMatch(/ 640$/);
    host.installScript("shop.production");
    await host.apply(access("other"), { scope: "shop.production" });
    expect(host.read(hba)).toBe(`${block()}local all all peer\n${others}${remote}`);
  });

  it("is edited through a link, by root in a directory of root", async () => {
    const real = "/etc/postgresql/pg_hba.conf";
    host.write(real, `local all all peer\n${remote}`, 0o640);
    chownSync(host.at(real), 0, 26);
    symlinkSync("../../../../etc/postgresql/pg_hba.conf", host.at(hba));
    chownSync(host.at("/var/lib/pgsql/data"), 26, 26);
    const run = await host.apply(access());
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(host.linkTarget(hba)).toBe("../../../../etc/postgresql/pg_hba.conf");
    expect(host.read(real)).toBe(`${block()}local all all peer\n${remote}`);
    expect(host.ownership(real)).toMatch(/^root \S+ 640$/);
    expect(readdirSync(host.at("/etc/postgresql"))).toEqual(["pg_hba.conf"]);
    // The link may have been made by postgres, to any file.
    const calls = host.calls().filter((call) => / cat -- \S+pg_hba\.conf/.test(call));
    expect(calls.length).toBeGreaterThan(0);
    for (const call of calls) expect(call).toMatch(/^runuser .* postgres$/);
  });

  it.each([
    ["that holds something else", "* * * * * root true\n", "whose line 1 is not a record"],
    ["without a record", "# nothing yet\n\n", "which has no record"],
    ["that holds something else after records", `${remote}\nALL ALL=(ALL) ALL\n`, "whose line 2"],
  ])("is refused where postgres points it at a file of root %s", async (_, content, words) => {
    const real = "/etc/cron.d/backup";
    host.write(real, content, 0o644);
    host.write(hba, "local all all peer\n");
    host.write("/server/hba_file", host.at(real));
    chownSync(host.at("/var/lib/pgsql/data"), 26, 26);
    const run = await host.apply(access());
    expect(run.code).not.toBe(0);
    expect(run.reason).toContain(words);
    expect(run.reason).toContain("root edits no other file");
    expect(host.read(real)).toBe(content);
  });

  it("is read and written by postgres in a directory of postgres", async () => {
    host.write(hba, `local all all peer\n${remote}`);
    chownSync(host.at("/var/lib/pgsql/data"), 26, 26);
    expect(await host.apply(access())).toMatchObject({ code: 0, stderr: "" });
    expect(host.read(hba)).toBe(`${block()}local all all peer\n${remote}`);
    const calls = host.calls().filter((call) => call.includes("pg_hba.conf"));
    expect(calls.some((call) => /^runuser .*cat -- \S+pg_hba\.conf/.test(call))).toBe(true);
    expect(calls.some((call) => /^runuser .*mv.*-fT/.test(call))).toBe(true);
  });

  it("with NUL bytes is not changed", async () => {
    const content = `local all all peer\n#\0\n${remote}\n`;
    writeBytes(hba, content);
    const run = await host.apply(access());
    expect(run.code).toBe(1);
    expect(run.reason).toContain(`${hba} has NUL bytes in it`);
    expect(bytes(hba)).toBe(content);
  });

  it.each([
    ["BEGIN was deleted", (text: string) => text.replace(/# BEGIN.*\n/, ""), 2],
    ["END was deleted", (text: string) => text.replace(/# END.*\n/, ""), 1],
    ["END was renamed", (text: string) => text.replace("# END tracks.dev", "# END of ours"), 1],
    ["block is there twice", (text: string) => block() + text, 4],
    [
      "block holds the block of another program",
      (text: string) =>
        text.replace("# END tracks.dev", `${block("o", "shop.dev")}# END tracks.dev`),
      3,
    ],
  ])("whose %s is not changed, and the line is named", async (_, edit, line) => {
    host.write(hba, `local all all peer\n${remote}\n`);
    await host.apply(access());
    const edited = edit(host.read(hba));
    host.write(hba, edited);
    const run = await host.apply(access("painter"));
    expect(run.code).toBe(1);
    expect(run.reason).toContain(
      `${hba}, line ${line}: the lines "# BEGIN tracks.dev: ..." and "# END tracks.dev"`,
    );
    expect(host.read(hba)).toBe(edited);
  });

  it.each([
    [
      "the words behind BEGIN",
      (text: string) => text.replace(/(# BEGIN tracks\.dev).*/, "$1 (ours)"),
    ],
    ["all ends of lines", (text: string) => text.replaceAll("\n", "\r\n")],
    ["a line within our block", (text: string) => text.replace("127.0.0.1/32", "10.0.0.0/8")],
  ])(
    "of which somebody changed %s gets our block back, and a copy of the edit is kept",
    async (_, edit) => {
      host.write(hba, `local all all peer\n${remote}\n`);
      await host.apply(access());
      const edited = edit(host.read(hba));
      host.write(hba, edited);
      const run = await host.apply(access());
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(kept(run.stdout, hba)).toBe(edited);
      expect(host.read(hba).startsWith(block())).toBe(true);
      expect(host.read(hba).match(/BEGIN/g)).toHaveLength(1);
      expect(host.read(hba)).toContain(remote);
    },
  );

  it("is restored after a failed run", async () => {
    const content = `local all all peer\r\n${remote}`;
    host.write(hba, content);
    host.write("/services/postgresql/running", "");
    host.write("/server/loaded", "local all all peer\n");
    host.write("/services/postgresql/deaf", "");
    expect((await host.apply(access())).code).toBe(1);
    expect(host.read(hba)).toBe(content);
  });
});

describe("an ini file", () => {
  const conf = "/etc/yum.conf";
  const ours = "proxy=http://proxy:3128";
  const apply = () =>
    host.apply(
      manifest(
        "p",
        "packages",
        "setting @@YUM_CONF@@ section=main key=proxy",
        "| http://proxy:3128",
      ),
    );

  it.each([
    ["without a newline at its end", "[main]\ngpgcheck=1", `[main]\n${ours}\ngpgcheck=1`],
    ["of a section's line only", "[main]", `[main]\n${ours}`],
    ["with CRLF", "[main]\r\ngpgcheck=1\r\n", `[main]\r\n${ours}\r\ngpgcheck=1\r\n`],
    ["with CRLF and our key", "[main]\r\nproxy = x\r\na=b", `[main]\r\n${ours}\r\na=b`],
    ["with our key in its last line", "[main]\na=b\nproxy=x", `[main]\na=b\n${ours}`],
    ["with bytes of another encoding", "# \xfc\xff\n[main]\n", `# \xfc\xff\n[main]\n${ours}\n`],
    [
      "with a value of several lines above",
      "[main]\nexclude=a*\n  b*\n  proxy=c\n",
      `[main]\n${ours}\nexclude=a*\n  b*\n  proxy=c\n`,
    ],
    ["with our key twice", "[main]\nproxy=a\nproxy=b\n", `[main]\nproxy=a\n${ours}\n`],
    ["with a colon for the sign", "[main]\nproxy: a=b\n", `[main]\n${ours}\n`],
    ["without the section", "[other]\na=b", `[other]\na=b\n[main]\n${ours}`],
    ["without the section, with CRLF", "[o]\r\na=b\r\n", `[o]\r\na=b\r\n[main]\r\n${ours}\r\n`],
    ["without anything", "", `[main]\n${ours}\n`],
  ])("%s: keeps every byte of others, and is restored on remove", async (_, before, after) => {
    writeBytes(conf, before);
    const run = await apply();
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(bytes(conf)).toBe(after);
    expect(kept(run.stdout, conf)).toBe(before);
    expect((await host.removeResource("p")).code).toBe(0);
    // Spaces around the sign, and which sign it was, are not remembered.
    expect(bytes(conf)).toBe(before.replace("proxy = x", "proxy=x").replace("proxy: a", "proxy=a"));
  });

  it("is edited through a link", async () => {
    host.write("/etc/dnf/dnf.conf", "[main]\n", 0o640);
    symlinkSync("dnf/dnf.conf", host.at(conf));
    expect((await apply()).code).toBe(0);
    expect(host.linkTarget(conf)).toBe("dnf/dnf.conf");
    expect(host.read("/etc/dnf/dnf.conf")).toBe(`[main]\n${ours}\n`);
    expect(host.ownership("/etc/dnf/dnf.conf")).toBe("root root 640");
    expect(readdirSync(host.at("/etc/dnf"))).toEqual(["dnf.conf"]);
  });

  it("is not opened in a directory that another user can write to", async () => {
    mkdirSync(host.at("/home/games"));
    chownSync(host.at("/home/games"), 5, 60);
    host.write("/home/games/yum.conf", "[main]\n");
    symlinkSync("../home/games/yum.conf", host.at(conf));
    const run = await apply();
    expect(run.code).toBe(1);
    expect(run.reason).toContain(
      "/etc/yum.conf is the file /home/games/yum.conf, in a directory that games can write to",
    );
    expect(host.read("/home/games/yum.conf")).toBe("[main]\n");
  });

  it("whose value has several lines is not changed", async () => {
    const content = "[main]\nproxy=a\n  b\n";
    host.write(conf, content);
    const run = await apply();
    expect(run.reason).toContain('the value of "proxy" in [main] has several lines');
    expect(host.read(conf)).toBe(content);
  });
});
