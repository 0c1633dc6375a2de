import { beforeEach, describe, expect, it } from "vitest";
import { SystemPackages } from "../../../components/SystemPackages";
import type { Connection } from "../../../host/ssh/connection";
import { Host, type SpooledFile } from "../../../host/Host";
import type { AppliedResource, HostFacts } from "../../../host/facts";
import { MockedEngine } from "../mockedEngine";
import { rootConnection } from "../rootConnection";

const engine = new MockedEngine();

const connection: Connection = {
  ...rootConnection,
  user: "admin",
  privilege: { kind: "passwordless" },
};

const file = { path: "/nowhere/app.tar.gz", sha256: "a".repeat(64), bytes: 17 };
const spooled = `.tracks/tracks.test/app-archive-${file.sha256}`;

function facts(known: Record<string, string>, consumer?: Partial<AppliedResource>): HostFacts {
  const applied: AppliedResource = {
    drift: [],
    repair: 0,
    via: undefined,
    manifest: [`release /r archive=${spooled}`],
    ...consumer,
  };
  return {
    distribution: "CentOS Stream release 9",
    facts: new Map(Object.entries(known)),
    problems: [],
    resources: new Map(consumer ? [[consumerName, applied]] : []),
  };
}

const drift = [{ name: "/r", reason: "is missing" }];

let consumerName = "";

/** The trigger of a copy that the resource "app-source" takes, with these facts of the host. */
async function trigger(known: HostFacts | undefined): Promise<string | undefined> {
  copy(known);
  await engine.settled();
  return engine.inputs("app-archive").triggers?.[0];
}

function copy(known: HostFacts | undefined, purpose?: string): SpooledFile {
  const host = new Host("host", { connection, ...(known && { facts: known }) });
  const parent = new SystemPackages("app", { host });
  host.converge("app-source", { subsystem: "none", entries: [] }, { parent });
  return host.copy("app-archive", file, { parent, consumer: "app-source", purpose });
}

beforeEach(async () => {
  await engine.clear();
});

describe("a file copied to the host", () => {
  it("goes to the login's spool, which is made without sudo and readable by the login only", async () => {
    expect(copy(undefined)).toMatchObject({ path: spooled, login: "admin", sha256: file.sha256 });
    await engine.settled();
    expect(engine.inputs("app-archive").remotePath).toBe(spooled);
    const { create } = engine.inputs("host-script");
    expect(create).toMatch(
      /^sh -c 'umask 077; .*mkdir -p \.tracks\/tracks\.test .*chmod 700.*\.made-first && exec "\$@"' spool sudo/,
    );
    consumerName = / apply (\S+)/.exec(engine.inputs("app-source").create ?? "")?.[1] ?? "";
  });

  it("gets a new spool, once, when the old one was lost or belongs to another login", async () => {
    const marked = async (spool: string): Promise<string | undefined> => {
      copy(facts({ spool }, {}));
      await engine.settled();
      return /made-(\S+) && exec/.exec(engine.inputs("host-script").create ?? "")?.[1];
    };
    const again = (await marked("absent")) ?? "";
    expect(again).toMatch(/^[0-9a-f-]{36}$/);
    expect(await marked(`ready ${again}`)).toBe(again);
    expect(await marked("open")).not.toBe(again);
  });

  it("is copied again when it was lost before the host used it", async () => {
    const lost = [
      facts({}),
      facts({}, { drift }),
      facts({ [`spool/app-archive-${file.sha256}`]: "3" }, { drift }),
      facts({}, { manifest: ["release /r archive=another"] }),
    ];
    for (const known of lost) expect(await trigger(known)).not.toBe("");
  });

  it("is not copied again when the host used it, when it is still there, or when the host can't be asked", async () => {
    expect(await trigger(facts({}, {}))).toBe("");
    const there = { [`spool/app-archive-${file.sha256}`]: "17" };
    expect(await trigger(facts(there, { drift }))).toBe("");
    expect(await trigger(undefined)).toBe("");
  });

  it("is copied again when another command uses it", async () => {
    const first = copy(undefined, "sqlite");
    const taken = facts({}, { manifest: [`data-load data dump=${first.path}`] });
    const second = copy(taken, "127.0.0.1:5432/tracks");
    await engine.settled();
    expect(second.path).not.toBe(first.path);
    expect(engine.inputs("app-archive").remotePath).toBe(second.path);
    expect(engine.inputs("app-archive").triggers).not.toEqual([""]);
  });
});
