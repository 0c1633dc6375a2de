import { expect, it } from "vitest";
import { manifestDifference } from "../../host/difference";

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
