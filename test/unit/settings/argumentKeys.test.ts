import { describe, expect, it } from "vitest";
import { argumentNames, inStackKeys } from "../../../settings/argumentKeys";
import { keyNames, keys } from "../../../settings/schema";

describe("the arguments that settings become", () => {
  it("are one for each setting, but for those that only choose what is deployed", () => {
    expect(new Set(argumentNames).size).toBe(argumentNames.length);
    expect(keyNames.filter((name) => !("argument" in keys[name]))).toEqual(["rehearsal"]);
  });

  it("are told as settings to the stack's owner", () => {
    expect(inStackKeys("set PostgresDatabase.version to 16, or DjangoApp.source.ref.")).toBe(
      "set tracks:postgresVersion to 16, or tracks:sourceRef.",
    );
    expect(inStackKeys("Host.connection.bastion.port")).toBe("tracks:bastionPort");
  });

  it("are left as they are where no setting gives them, and so are other words", () => {
    const text = "NginxSite.staticRoot of /var/lib/Nginx.conf, example.Host.name";
    expect(inStackKeys(text)).toBe(text);
  });
});
