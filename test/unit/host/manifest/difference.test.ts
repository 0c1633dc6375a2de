import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import {
  changedLinesText,
  manifestDifference,
  readChangedLines,
} from "../../../../host/manifest/difference";
import { type ManifestEntry, renderManifest } from "../../../../host/manifest/manifest";
import { secretAttribute } from "../../../../host/manifest/text";
import { isSecretEntry, secretKinds } from "../../../../host/manifest/secretEntry";

it("shows changed lines, and only those", () => {
  const applied = ["tracks-manifest 1", "file /a owner=root", "| server_name old;", "end"];
  const text = "tracks-manifest 1\nfile /a owner=root\n| server_name new;\nend\n";
  expect(manifestDifference(applied, text)).toEqual([
    "- | server_name old;",
    "+ | server_name new;",
  ]);
});

it("never shows a secret, on either side", () => {
  const applied = ["password deployer", "| [secret]", "file /k secret=yes", "| [secret]", "end"];
  const text = "password deployer\n| hunter2\nfile /k secret=yes\n| one\n| two\nservice new\nend\n";
  expect(manifestDifference(applied, text)).toEqual(["+ service new"]);
});

it("shows a block whose lines belong to nothing, and one line for a secret block", () => {
  expect(manifestDifference(["| [secret]"], "| a\n")).toEqual(["- | [secret]", "+ | a"]);
  const text = "password u\n| one\n| two\nfile /k secret=yes\n| three\n";
  expect(manifestDifference([], text)).toEqual([
    "+ password u",
    "+ | [secret]",
    "+ file /k secret=yes",
    "+ | [secret]",
  ]);
});

it("says nothing of the login that applied it", () => {
  expect(manifestDifference(["via root", "end"], "via admin\nend\n")).toEqual([]);
  expect(manifestDifference([], "| server via \nend\n")).toEqual(["+ | server via ", "+ end"]);
});

it.each<ManifestEntry>([
  { kind: "file", path: "/k", content: "a\n" },
  { kind: "service", name: "nginx" },
])("takes $kind for no secret", (entry) => {
  expect(isSecretEntry(entry)).toBe(false);
});

const secretEntries: Record<(typeof secretKinds)[number], ManifestEntry> & {
  file: ManifestEntry;
} = {
  password: { kind: "password", user: "deployer", password: "hunter2" },
  "postgresql-role": { kind: "postgresql-role", name: "deployer", password: "hunter2" },
  "deploy-key": { kind: "deploy-key", user: "deployer", key: "-----BEGIN\nhunter2\n" },
  file: { kind: "file", path: "/k", content: "a\nhunter2\n", secret: true },
};

it.each(Object.entries(secretEntries))("never shows the content of a secret %s", (_, entry) => {
  const text = renderManifest({ name: "n", subsystem: "none", entries: [entry] }, "root");
  expect(isSecretEntry(entry)).toBe(true);
  expect(text).toContain("hunter2");
  const lines = manifestDifference([], text);
  expect(lines.join("\n")).not.toContain("hunter2");
  expect(lines).toContain("+ | [secret]");
});

it("masks what the host script masks in its records", () => {
  const script = readFileSync("host/script/manifest.sh", "utf8");
  const pattern = /^ *(.+)\) secret=yes ;;$/m.exec(script)?.[1]?.split(" | ");
  expect(pattern?.sort()).toEqual(
    [...secretKinds.map((kind) => `'${kind} '*`), `*' ${secretAttribute}'*`].sort(),
  );
});

it("reads the changed lines that the program shows, and takes no other text for them", () => {
  const lines = ["- | a changes:", "+ | b", "+ "];
  expect(readChangedLines(changedLinesText("nginx", lines))).toEqual({ name: "nginx", lines });
  expect(readChangedLines("nginx changes:\nits mind")).toBeUndefined();
  expect(readChangedLines("What changes:\n")).toBeUndefined();
});

it.each([
  "nginx changes:",
  "nginx changes:\n",
  "nginx changes:\nwhat else",
  "nginx changes:\n- a\nwhat else",
  "the nginx changes:\n- a",
  "\nnginx changes:\n- a",
  "",
])("reads no changed lines from another text: %j", (text) => {
  expect(readChangedLines(text)).toBeUndefined();
});

it("reads what the program said, with an empty line, and the end that Pulumi adds", () => {
  const lines = ["- | a", "+", "+ | b"];
  const text = changedLinesText("nginx", lines);
  expect(readChangedLines(text)).toEqual({ name: "nginx", lines });
  expect(readChangedLines(`${text}\n`)).toEqual({ name: "nginx", lines });
});
