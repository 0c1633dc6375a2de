import { afterEach, beforeEach, expect, test } from "vitest";
import { manifest, type EnterpriseLinux, PrivateRoot } from "./privateRoot";

/** What is on the disk, should the power go, and in which order it gets there. */
let host: PrivateRoot;
afterEach(() => {
  host.remove();
});

const motd = (content: string): string =>
  manifest("motd", "none", "file /etc/motd owner=root group=root mode=0644", `| ${content}`);

/** Notes at each sync what the private root holds by then. */
function lookAtEachSync(): void {
  host.write(
    "/at-sync",
    [
      "cd $TRACKS_ROOT",
      "say_if() { [[ -e $1 ]] && printf '%s ' \"$2\"; }",
      "{",
      "  printf '%s ' $(cat etc/motd)",
      "  grep -q . var/lib/tracks/stage/none/* 2>/dev/null && printf 'staged '",
      "  say_if var/lib/tracks/journal/none/outcome outcome",
      "  grep -qs motd var/lib/tracks/records && printf 'recorded '",
      "  ls var/lib/tracks/kept | grep -q motd && printf 'kept '",
      "  echo",
      "} >>seen",
      "",
    ].join("\n"),
  );
}

beforeEach(() => {
  host = new PrivateRoot();
});

test("a candidate is on the disk before it takes its place, and the way back until the outcome is", async () => {
  host.write("/etc/motd", "before\n");
  lookAtEachSync();
  expect(await host.apply(motd("ours"))).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/seen").split("\n")).toEqual([
    "before staged ",
    "ours kept ",
    "ours outcome kept ",
    "ours outcome recorded kept ",
    "",
  ]);
});

test("what changes nothing waits for no disk", async () => {
  await host.apply(motd("ours"));
  host.calls();
  expect((await host.apply(motd("ours"))).stdout).toBe("applied motd: unchanged\n");
  expect(host.calls().filter((call) => call.startsWith("sync"))).toEqual([]);
});

test.each<EnterpriseLinux>([6, 7])("on Enterprise Linux %d all disks are asked", async (el) => {
  host.remove();
  host = new PrivateRoot({ el });
  expect(await host.apply(motd("ours"))).toMatchObject({ code: 0, stderr: "" });
  expect(host.calls()).toContain("sync ");
});
