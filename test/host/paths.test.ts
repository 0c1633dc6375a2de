import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
beforeEach(() => {
  host = new PrivateRoot();
});
afterEach(() => {
  host.remove();
});

const tree = manifest(
  "robots",
  "none",
  "directory /microarray owner=root group=root mode=0755",
  "directory /microarray/robots owner=games group=games mode=0750",
  "file /microarray/robots/robots.txt owner=games group=root mode=0640",
  "| User-agent: *",
  "|",
  "| Disallow: /",
  "symlink /microarray/latest -> robots/robots.txt",
);

test("creates files, directories and links with owner, mode and exact content", async () => {
  const run = await host.apply(tree);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout.trimEnd().split("\n")).toEqual([
    "created directory /microarray",
    "created directory /microarray/robots",
    "created file /microarray/robots/robots.txt",
    "created symlink /microarray/latest",
    "applied robots: 4 changes",
  ]);
  expect(host.read("/microarray/robots/robots.txt")).toBe("User-agent: *\n\nDisallow: /\n");
  expect(host.ownership("/microarray/robots")).toBe("games games 750");
  expect(host.ownership("/microarray/robots/robots.txt")).toBe("games root 640");
  expect(host.linkTarget("/microarray/latest")).toBe("robots/robots.txt");
});

test("follows a link that root made, whatever letters its target has", async () => {
  const target = "donn\u00e9es d'hiver -> 'printemps'";
  mkdirSync(host.at(`/srv/${target}`), { recursive: true });
  symlinkSync(`srv/${target}`, host.at("/microarray"));
  const file = "file /microarray/x owner=root group=root mode=0644";
  expect(await host.apply(manifest("x", "none", file, "| x"))).toMatchObject({ code: 0 });
  expect(host.read(`/srv/${target}/x`)).toBe("x\n");
});

test("does nothing the second time", async () => {
  await host.apply(tree);
  const second = await host.apply(tree);
  expect(second).toMatchObject({ code: 0, stdout: "applied robots: unchanged\n" });
});

test("remove removes what was created", async () => {
  await host.apply(tree);
  const run = await host.removeResource("robots");
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(host.exists("/microarray")).toBe(false);
});

test("keeps the content of a directory that another run creates at the same moment", async () => {
  // Called when the candidate is staged: after the look at what is there, before the swap.
  host.write(
    "/counted/chmod",
    '#!/bin/sh\nmkdir -p "$TRACKS_ROOT/srv"\necho theirs >"$TRACKS_ROOT/srv/file"\nexec /bin/chmod "$@"\n',
    0o755,
  );
  const run = await host.apply(
    manifest("shared", "none", "directory /srv owner=root group=root mode=0755"),
  );
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(host.read("/srv/file")).toBe("theirs\n");
  expect(host.ownership("/srv")).toBe("root root 755");
});

const logs = manifest("logs", "none", "directory /srv/logs owner=root group=root mode=0755");

/** The place that the output names for what was in /srv/logs. */
function keptLogs(stdout: string): string {
  const [, place] = /^kept \/srv\/logs with what was in it: (\S+)$/m.exec(stdout) ?? [];
  expect(place, stdout).toBeDefined();
  return (place ?? "").slice(host.root.length);
}

test.each([
  ["makes room for the file that was there before", () => host.removeResource("logs")],
  ["becomes a link", () => host.apply(manifest("logs", "none", "symlink /srv/logs -> elsewhere"))],
])("keeps what others put into a directory of ours when that %s", async (_, giveWay) => {
  host.write("/srv/logs", "a file\n");
  await host.apply(logs);
  host.write("/srv/logs/access.log", "yesterday\n");
  const run = await giveWay();
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(host.read(`${keptLogs(run.stdout)}/access.log`)).toBe("yesterday\n");
});

test("does not keep an empty directory of ours that is replaced", async () => {
  host.write("/srv/logs", "a file\n");
  await host.apply(logs);
  const run = await host.removeResource("logs");
  expect(run.stdout).not.toContain("with what was in it");
  expect(readdirSync(host.at("/var/lib/tracks/kept"))).toEqual([]);
});
