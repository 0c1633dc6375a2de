import type { SampleSite } from "../e2e/sampleSite";

/** A way in which real hosts differ from a bare one, and that a deployment must cope with. */
export interface Trait {
  readonly name: string;
  /**
   * The number under which the fault was filed when a real host or an experiment showed it: C is critical, H
   * high, M the rest. None: somebody thought of it, and no host had shown it yet.
   */
  readonly filed?: string;
  /** What goes wrong on such a host with a program that knows nothing of it. */
  readonly fault: string;
  /** What it makes of a part of the host: no trait that makes something else of it is combined with it. */
  readonly makes?: Readonly<Record<string, string>>;
  /** Traits that are likely to get in each other's way: `npm test` has each such pair on a host. */
  readonly dangerousWith?: readonly string[];
  /** Settings of the stack that go with it. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Sets it on a fresh host: a script for root's bash, or what takes more than that. */
  readonly set?: string | ((bench: Bench) => Promise<void>);
  /** What shows before the deployment that it is in force. */
  readonly shown: Shown;
  /** A command whose output tells what must be the same before the deployment and after the destroy. */
  readonly unchanged?: string;
  /** The same of what must not even change while the site is deployed. */
  readonly kept?: string;
  /** Where the program promises a refusal: what a preview says, and the way out that it names. */
  readonly refused?: { readonly says: RegExp; readonly wayOut: string };
  /** Where a program without its fix failed, or why none can. */
  readonly bites: Bite | Harmless;
  /** What a user of such a host would look at after the deployment. */
  readonly check?: (bench: Bench) => Promise<void>;
}

/** A host with this trait, deployed to by a version that does not know of it. */
export interface Bite {
  /** The commit of that version, and what was changed in it where the fix is older than any that deploys. */
  readonly version: string;
  /** What it failed with. */
  readonly words: string;
}

/** A host with this trait is like any other, also to a version with a likely mistake in it. */
export interface Harmless {
  /** Why. */
  readonly harmless: string;
}

/** A command with what it prints, without blanks around it. */
export type Shown = { readonly prints: string | RegExp } & (
  | { /** Run by root's bash, past SSH. */ readonly command: string }
  | {
      /** Run by SSH, as the user who deploys. */ readonly login: string;
    }
);

/** What a trait may use. */
export interface Bench {
  readonly site: SampleSite;
  /** Runs a script by root's bash on the host, past SSH; its output without the final newline. */
  readonly onHost: (script: string) => Promise<string>;
  /** Runs a command on the host by SSH, as the user who deploys; its output. */
  readonly login: (command: string) => Promise<string>;
}

/** Whether both can be on one host. */
export function fit(one: Trait, other: Trait): boolean {
  const others: Record<string, string> = { ...other.makes, ...other.settings };
  return Object.entries({ ...one.makes, ...one.settings }).every(
    ([part, value]) => (others[part] ?? value) === value,
  );
}

/** The command whose output has everything about files that an owner would miss: bytes, mode, owner, target. */
export function look(...files: readonly string[]): string {
  return files
    .map(
      (file) => `stat -c '%N %F %a %U:%G' ${file}; if [ -f ${file} ]; then sha256sum <${file}; fi`,
    )
    .join("\n");
}
