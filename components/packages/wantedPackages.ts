import { type ManifestEntry, packageEntry } from "../../host/manifest/manifest";
import type { ServerPackages } from "../args/PostgresDatabase";
import { resolveServer } from "../postgres/resolve";

/** Arguments that decide which packages and module streams a host must have. */
export interface PackageNeeds {
  /**
   * Further packages. With `|` between several names, the first that the host knows counts.
   *
   * @default []
   * @example ["tmux", "nc|nmap-ncat"]
   */
  extraPackages?: readonly string[] | undefined;
  /** Module streams that dnf enables before it installs packages. @default [] @example ["nodejs:20"] */
  moduleStreams?: readonly string[] | undefined;
  /** Path of the Python that runs the application; its package is installed. @default "/usr/bin/python3" */
  interpreter?: string | undefined;
  /**
   * Version and packages of the host's own PostgreSQL server, with the values that its `PostgresDatabase` gets:
   * the client must be of the server's version. Without this argument Enterprise Linux 8 would install the
   * client of another module stream, and could not install the server: the `PostgresDatabase` refuses that.
   *
   * @default none: the host has no PostgreSQL server of its own
   * @example { version: "15" }
   */
  server?: ServerPackages | undefined;
}

/**
 * The notes' list of packages, by the first name that the host's repositories know, and what pip needs to
 * compile. The client of PostgreSQL is not in this list.
 */
const notesPackages = [
  "nginx",
  "logrotate",
  "git",
  "python3|python",
  "python3-pip|python-pip",
  "python3-devel|python-devel",
  "gcc",
  "make",
  "libpq-devel|postgresql-devel",
  "sqlite",
  "sqlite-devel",
  // /sbin/service, which the deployer's sudo rules are for: a package of its own from Enterprise Linux 9 on.
  "initscripts-service|initscripts",
  // semanage, which gives paths and ports their SELinux types.
  "policycoreutils-python-utils|policycoreutils-python",
];

/**
 * Packages and module streams that dnf or yum installs before anything else happens; not the database server
 * itself.
 */
export function wantedPackages(needs: PackageNeeds): ManifestEntry[] {
  const given = needs.moduleStreams ?? [];
  const server = needs.server && resolveServer(needs.server);
  const { module } = server ?? {};
  // A stream that is named must exist: no package replaces it.
  const modules: ManifestEntry[] = [
    ...given.map((stream) => ({ kind: "module", stream }) as const),
    ...(module && !given.includes(module.stream) ? [module] : []),
  ];
  const packages = new Set([
    ...notesPackages,
    ...clientPackages(server?.packages ?? []),
    ...interpreterPackages(needs.interpreter),
    ...(needs.extraPackages ?? []),
  ]);
  return [...modules, ...[...packages].map(packageEntry)];
}

/**
 * The client of a server's package, such as `postgresql18` for `postgresql18-server`: packages of two versions
 * would conflict.
 */
function clientPackages(serverPackages: readonly string[]): string[] {
  const clients = serverPackages.flatMap((names) => {
    const stems = names.split("|").map((name) => /^(postgresql[\d.]*)-server$/.exec(name)?.[1]);
    const known = stems.filter((stem) => stem !== undefined);
    return known.length === 0 ? [] : [known.join("|")];
  });
  return clients.length === 0 ? ["postgresql"] : clients;
}

/** Versions of Python that some release of Enterprise Linux has in its package `python3`. */
const systemVersions = ["3.6", "3.9", "3.12"];

/**
 * Packages of an interpreter, its headers and its pip; none for an interpreter that no package provides.
 *
 * @param interpreter such as `/usr/bin/python3.11`
 */
export function interpreterPackages(interpreter: string | undefined): string[] {
  const version = /^\/usr\/bin\/python([\d.]*)$/.exec(interpreter ?? "")?.[1];
  // Those of python3 are in the notes' list.
  if (version === undefined || version === "3") return [];
  const names = interpreterNames(version);
  return ["", "-devel", "-pip"].map((suffix) => names.map((name) => name + suffix).join("|"));
}

function interpreterNames(version: string): string[] {
  // No package of Python 2 has the minor version in its name.
  if (version === "") return ["python", "python2"];
  if (version.startsWith("2")) return ["python2", "python"];
  const names = [`python${version}`, `python${version.replaceAll(".", "")}`];
  return systemVersions.includes(version) ? [...names, "python3"] : names;
}
