import { describe, expect, it } from "vitest";
import { AuditLog } from "../../../selinux/denials";

/** A line of the virtual machine's log, of systemd-tmpfiles, which is not ours by its domain. */
const denial = (event: number, object: string): string =>
  `type=AVC msg=audit(1795902357.351:${event}): avc:  denied  { getattr } for  pid=204 comm="systemd-tmpfile" ${object} scontext=system_u:system_r:systemd_tmpfiles_t:s0 tcontext=system_u:object_r:var_t:s0 tclass=file permissive=0`;

const pathOf = (event: number, name: string, inode = 7): string =>
  `type=PATH msg=audit(1795902357.351:${event}): item=0 name="${name}" inode=${inode} dev=fe:00 mode=040755 nametype=PARENT`;

/** A machine whose site root is a link, with this log and these inodes on its disk. */
function auditLog(log: readonly string[], onDisk: readonly string[] = []): AuditLog {
  const answer = (script: string): string => {
    if (script.includes("auditctl")) return log.join("\n");
    if (script.includes("readlink"))
      return "/srv/microarray\n/etc/nginx\n/var/log\n/var/lib/tracks";
    return onDisk.join("\n");
  };
  return new AuditLog({ onHost: (script) => Promise.resolve(answer(script)) });
}

async function ours(log: readonly string[], onDisk?: readonly string[]): Promise<boolean[]> {
  return (await auditLog(log, onDisk).since()).map((each) => each.ours);
}

describe("a denial counts for the deployment", () => {
  it("where the file lies behind a link of the site root", async () => {
    const log = [denial(1, 'name="tracks" dev="vda" ino=41')];
    expect(await ours(log, ["41 /srv/microarray/shared/tracks"])).toEqual([true]);
    expect(await ours(log, ["41 /srv/others/tracks"])).toEqual([false]);
  });

  it("where only the log has the path", async () => {
    expect(await ours([denial(1, 'path="/srv/microarray/x" dev="vda" ino=41')])).toEqual([true]);
    expect(await ours([denial(1, 'path="/tmp/tmp95fe_ope" dev="vda" ino=41')])).toEqual([false]);
  });

  it("where its path has characters that the log writes in hexadecimal", async () => {
    const line = (path: string) =>
      denial(1, `path=${Buffer.from(path).toString("hex").toUpperCase()} dev="vda" ino=41`);
    expect(await ours([line("/microarray/shared/Größe")])).toEqual([true]);
    expect(await ours([line("/root/Größe"), denial(2, "path=/org/freedesktop/DBus")])).toEqual([
      false,
      false,
    ]);
  });

  it("where something should have been created in one of its places", async () => {
    const log = (path: string) => [
      denial(1, 'name="new"'),
      pathOf(1, path),
      pathOf(2, "/etc/nginx"),
    ];
    expect(await ours(log("/etc/nginx/"))).toEqual([true]);
    expect(await ours(log("/root/"))).toEqual([false]);
  });

  it("where nothing tells any more where the file was", async () => {
    const log = [denial(1, 'name="gone" dev="vda" ino=41')];
    expect(await ours(log)).toEqual([true]);
    // Its inode is another file's by now.
    expect(await ours(log, ["41 /tmp/other"])).toEqual([true]);
    expect(await ours([...log, pathOf(1, "gone", 41)])).toEqual([true]);
  });

  it("where nginx or logrotate was refused it, whatever it is", async () => {
    const line = denial(1, "src=8081").replace("systemd_tmpfiles_t", "httpd_t");
    expect(await ours([line])).toEqual([true]);
  });

  it("nowhere else", async () => {
    const log = [denial(1, 'name="fs" dev="proc" ino=41'), denial(2, "capability=40")];
    expect(await ours(log, ["41 /etc/nginx/fs"])).toEqual([false, false]);
  });
});

it("a denial is shown once", async () => {
  const log = [denial(1, 'path="/etc/nginx/x"')];
  const audit = auditLog(log);
  expect(await audit.since()).toHaveLength(1);
  log.push(denial(1, 'path="/etc/nginx/y"'));
  expect(await audit.since()).toHaveLength(1);
});
