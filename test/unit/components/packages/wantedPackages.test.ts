import { describe, expect, it } from "vitest";
import { type PackageNeeds, wantedPackages } from "../../../../components/packages/wantedPackages";
import { renderLine } from "../../../../host/manifest/manifest";

const wanted = (needs: PackageNeeds): string[] => wantedPackages(needs).map(renderLine);

/** What a stack with these settings of its database wants beside one without. */
function forDatabase(settings: {
  packages?: string[];
  version?: string;
  moduleStream?: string | false;
}): string[] {
  const without = wanted({});
  return wanted({ server: settings }).filter((line) => !without.includes(line));
}

describe("the packages of an interpreter", () => {
  it.each([
    ["/usr/bin/python3", []],
    ["/usr/local/bin/python3.13", []],
    [
      "/usr/bin/python3.11",
      [
        "package python3.11 python311",
        "package python3.11-devel python311-devel",
        "package python3.11-pip python311-pip",
      ],
    ],
    [
      "/usr/bin/python",
      [
        "package python python2",
        "package python-devel python2-devel",
        "package python-pip python2-pip",
      ],
    ],
    ...["3.9", "3.12"].map((version): [string, string[]] => [
      `/usr/bin/python${version}`,
      ["", "-devel", "-pip"].map(
        (suffix) =>
          `package python${version}${suffix} python${version.replace(".", "")}${suffix} python3${suffix}`,
      ),
    ]),
    ["/opt/usr/bin/python2", []],
    ["/usr/bin/python3.11-debug", []],
    // The system's own on 7 and 8.
    [
      "/usr/bin/python3.6",
      [
        "package python3.6 python36 python3",
        "package python3.6-devel python36-devel python3-devel",
        "package python3.6-pip python36-pip python3-pip",
      ],
    ],
    [
      "/usr/bin/python2.7",
      [
        "package python2 python",
        "package python2-devel python-devel",
        "package python2-pip python-pip",
      ],
    ],
  ])("of %s are found by its name", (interpreter, lines) => {
    const without = wanted({});
    expect(wanted({ interpreter }).filter((line) => !without.includes(line))).toEqual(lines);
  });
});

describe("the deployer's /sbin/service", () => {
  it("comes with the package that has it: a package of its own since Enterprise Linux 9", () => {
    expect(wanted({})).toContain("package initscripts-service initscripts");
  });
});

describe("PostgreSQL", () => {
  it("comes as a module stream, or as a plain package of that version", () => {
    expect(forDatabase({})).toEqual(["module postgresql:15 package=postgresql-server"]);
    expect(forDatabase({ version: "9.2" })).toEqual([
      "module postgresql:9.2 package=postgresql-server",
    ]);
    expect(forDatabase({ packages: ["postgresql-server|postgresql15-server"] })).toContain(
      "module postgresql:15 package=postgresql-server",
    );
  });

  it("gets the client of its server's package, and no other, which might conflict", () => {
    const lines = wanted({ server: { packages: ["postgresql18-server"] } });
    expect(lines).toContain("package postgresql18");
    expect(lines).not.toContain("package postgresql");
    expect(
      wanted({
        server: { packages: ["postgresql18-server|postgresql-server"], moduleStream: false },
      }),
    ).toContain("package postgresql18 postgresql");
  });

  it("gets no other client for a package that is no server", () => {
    const packages = ["my-postgresql18-server", "postgresql18-server-devel", "postgis"];
    expect(wanted({ server: { packages } })).toContain("package postgresql");
    expect(forDatabase({ packages: ["postgresql18-server", "postgis"] })).toEqual([
      "package postgresql18",
    ]);
  });

  it("that was built by hand gets the distribution's client, and no stream", () => {
    const lines = wanted({ server: { packages: [] } });
    expect(lines).toContain("package postgresql");
    expect(lines.join("\n")).not.toContain("module");
    expect(wanted({})).toContain("package postgresql");
  });

  it("must have the module stream that a setting names", () => {
    const lines = wanted({
      moduleStreams: ["postgresql:15", "nginx:1.24"],
      server: {},
    });
    expect(lines.filter((line) => line.startsWith("module"))).toEqual([
      "module postgresql:15",
      "module nginx:1.24",
    ]);
  });
});

it("lists alternatives, and a package that is in the list already, once", () => {
  const lines = wanted({ extraPackages: ["tmux|screen", "gcc"] });
  expect(lines).toContain("package tmux screen");
  expect(lines.filter((line) => line === "package gcc")).toHaveLength(1);
});
