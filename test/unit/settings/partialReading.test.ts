import { describe, expect, it } from "vitest";
import { faultyKeys } from "./configuration";

/** A setting with a fault is told as that alone: what depends on it is judged when it is right. */
describe("a faulty setting", () => {
  const app = { sourceUrl: "https://git.example.org/tracks.git" };

  it("is not taken for its default", () => {
    const settings = { ...app, uwsgiSocket: "127.0.0.1:80", uwsgiStats: "127.0.0.1:8001" };
    expect(faultyKeys(settings)).toEqual(["uwsgiSocket"]);
  });

  it("is not taken for a missing one", () => {
    const settings = {
      ...app,
      postgresHost: "db.example.org:5432",
      postgresVersion: "13",
      databaseUser: "tracks_provisioner",
      postgresAdminUser: "boss",
      postgresAdminPassword: "hush",
    };
    expect(faultyKeys(settings, { secret: ["postgresAdminPassword", "deployerPassword"] })).toEqual(
      ["postgresHost", "postgresVersion"],
    );
  });

  it("is reported together with the other faulty settings", () => {
    const settings = { ...app, requirementsFile: "@@HOST@@.txt", sourceHostKey: "ssh-ed25519 x" };
    expect(faultyKeys(settings)).toEqual(["sourceHostKey", "requirementsFile", "sourceHostKey"]);
  });
});
