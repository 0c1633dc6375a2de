import { beforeEach, describe, expect, it } from "vitest";
import type { LogrotateArgs } from "../../../components/args/Logrotate";
import { Logrotate } from "../../../components/Logrotate";
import { Host } from "../../../host/Host";
import { MockedEngine } from "../mockedEngine";
import { rootConnection } from "../rootConnection";
import { entryLines } from "./entryLines";

const engine = new MockedEngine();

beforeEach(async () => {
  await engine.clear();
});

async function lines(logs: string[], args: Partial<LogrotateArgs> = {}): Promise<string[]> {
  const host = new Host("host", { connection: rootConnection });
  new Logrotate("logs", { host, file: "mine", logs, postrotate: "true", ...args });
  return entryLines((await engine.command("logs")).inputs.stdin);
}

describe("Logrotate", () => {
  it("writes one file, whose new log is root's where nothing else is given", async () => {
    const found = await lines(["/var/log/a.log", "/srv/*.log"]);
    expect(found.filter((line) => !line.startsWith("|"))).toEqual([
      "file /etc/logrotate.d/mine owner=root group=root mode=0644",
    ]);
    expect(found.join("\n")).toMatch(/^\| +create 0640 root root$/m);
    expect(found.join("\n")).toMatch(/^\| +rotate 52$/m);
    expect(found.join("\n")).not.toContain("maxsize");
  });

  it("writes owner, group, mode, size and frequency as given", async () => {
    const found = await lines(["/var/log/a.log"], {
      createOwner: "me",
      createGroup: "us",
      createMode: "0600",
      maxSizeMegabytes: 7,
      frequency: "weekly",
    });
    expect(found.join("\n")).toMatch(/^\| +create 0600 me us$/m);
    expect(found.join("\n")).toMatch(/^\| +maxsize 7M$/m);
    expect(found.join("\n")).toMatch(/^\| +weekly$/m);
  });

  it("takes the group that the host has for a user, and no word that would be another of logrotate's", async () => {
    expect(
      (await lines(["/var/log/a.log"], { createGroup: "@@GROUP_OF me@@" })).join("\n"),
    ).toMatch(/^\| +create 0640 root @@GROUP_OF me@@$/m);
    for (const name of ["a b", "me\nsharedscripts", ""]) {
      await expect(lines(["/a.log"], { createOwner: name })).rejects.toThrow(/createOwner\n/);
      await expect(lines(["/a.log"], { createGroup: name })).rejects.toThrow(/createGroup\n/);
    }
  });

  it.each([
    [["/etc/nginx/logs/*.log", "/etc/nginx/logs/error.log"], "/etc/nginx/logs"],
    [["/usr/share/app/log[0-9]/x.log", "/var/log/x.log"], "/usr/share/app"],
    [["/boot/a.log"], "/boot"],
    [["/etc/a.log", "/usr/b/?.log"], "/etc /usr/b"],
  ])(
    "lets logrotate's service write where its unit lets it only read: %j in %s",
    async (logs, directories) => {
      const found = await lines(logs);
      expect(found.filter((line) => !line.startsWith("|")).slice(1)).toEqual([
        "directory /etc/systemd/system/logrotate.service.d owner=root group=root mode=0755 unit=logrotate.service",
        "file /etc/systemd/system/logrotate.service.d/tracks-mine.conf owner=root group=root mode=0644 unit=logrotate.service",
      ]);
      const writable = found.filter((line) => line.startsWith("| ReadWritePaths="));
      expect(writable.map((line) => line.replace(/^.*?=-/, "")).join(" ")).toBe(directories);
    },
  );

  it.each(["/srv/etc/a.log", "/etcetera/a.log", "/var/usr/a.log"])(
    "needs nothing of the kind for %s",
    async (log) => {
      expect((await lines([log])).join("\n")).not.toContain("logrotate.service");
    },
  );
});
