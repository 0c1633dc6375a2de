/** What the host said about one resource of this stack. */
export interface AppliedResource {
  /** `drift`: the host no longer looks as the resource left it. */
  readonly state: "ok" | "drift";
  /** What differs, for a drifted one. */
  readonly reason: string | undefined;
  /** The manifest last applied, secrets masked; undefined when the host keeps none. */
  readonly manifest: string[] | undefined;
  /** How often drift was repaired so far. */
  readonly repair: number;
  /** The login that applied it, such as `root key SHA256:...`. */
  readonly via: string | undefined;
}

/** What the preflight learned about the host; everything was only read. */
export interface HostFacts {
  /** Name and version of the distribution, such as `CentOS Linux release 7.9.2009 (Core)`. */
  readonly distribution: string;
  /** Facts of the host script's survey by name, such as `init` to `systemd`. */
  readonly facts: ReadonlyMap<string, string>;
  /** Things on the host that will be replaced, kept aside, or that are in the way. */
  readonly conflicts: readonly string[];
  /** The commit that the application's ref is now; undefined where the host could not say yet. */
  readonly commit?: string;
  /** Resources of this stack that the host knows, by their name there. */
  readonly resources: ReadonlyMap<string, AppliedResource>;
}

/** Reads what `survey` and `probe` print; lines of other kinds are left alone. */
export function parseReport(distribution: string, output: string): HostFacts {
  const facts = new Map<string, string>();
  const conflicts: string[] = [];
  const resources = new Map<string, AppliedResource>();
  const update = (name: string, change: Partial<AppliedResource>): void => {
    const known = resources.get(name) ?? {
      state: "ok",
      reason: undefined,
      manifest: undefined,
      repair: 0,
      via: undefined,
    };
    resources.set(name, { ...known, ...change });
  };

  let manifest: string[] = [];
  for (const line of output.split("\n")) {
    if (line.startsWith(" ")) {
      manifest.push(line.slice(1));
      continue;
    }
    const [kind, name = "", rest = ""] = split(line);
    if (kind === "fact") facts.set(name, rest);
    else if (kind === "conflict") conflicts.push(line.slice("conflict ".length));
    else if (kind === "ok") update(name, { state: "ok" });
    else if (kind === "drift") update(name, { state: "drift", reason: rest });
    else if (kind === "via") update(name, { via: rest });
    else if (kind === "repair") update(name, { repair: Number(rest) || 0 });
    else if (kind === "manifest") {
      manifest = [];
      update(name, { manifest });
    }
  }
  return { distribution, facts, conflicts, resources };
}

/** The first two words of a line, and all that follows them. */
function split(line: string): string[] {
  return /^(\S+)(?: (\S+))?(?: (.*))?$/.exec(line)?.slice(1) ?? [];
}
