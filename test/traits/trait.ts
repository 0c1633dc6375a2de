import type { SampleSite } from "../e2e/sampleSite";

/** Property of real hosts that a bare host does not have, and that a deployment must support. */
export interface Trait {
  readonly name: string;
  /** Severity of the failure that a real host or an experiment showed. None: no host had shown one yet. */
  readonly severity?: "critical" | "high" | "other";
  /** What goes wrong on such a host with a program that does not expect it. */
  readonly fault: string;
  /** What it makes of a part of the host: it is not combined with traits that make something else of that part. */
  readonly makes?: Readonly<Record<string, string>>;
  /** Traits that are likely to get in each other's way: `npm test` has each such pair on a host. */
  readonly dangerousWith?: readonly string[];
  /** Settings of the stack that belong to it. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Sets it on a fresh host: a script for root's bash, or a function. */
  readonly set?: string | ((bench: Bench) => Promise<void>);
  /** Check before the deployment that the host has it. */
  readonly shown: Shown;
  /** Command whose output must be the same before the deployment and after the destroy. */
  readonly unchanged?: string;
  /** Command whose output must also be the same while the site is deployed. */
  readonly kept?: string;
  /** Where the program must refuse: what a preview says, and the fix that it names. */
  readonly refused?: { readonly says: RegExp; readonly wayOut: string };
  /** Version without the fix that failed, or why none can fail. */
  readonly bites: Bite | Harmless;
  /** What a user of such a host would check after the deployment. */
  readonly check?: (bench: Bench) => Promise<void>;
}

/** Failed deployment to a host with this trait, by a version without the fix. */
export interface Bite {
  /** Commit of that version, with the change that removes the fix where every version that deploys has it. */
  readonly version: string;
  /** Its error. */
  readonly words: string;
}

/** Reason why a host with this trait is like any other, even for a version with a likely mistake in it. */
export interface Harmless {
  /** The reason. */
  readonly harmless: string;
}

/** Command with its output, without blanks around it. */
export type Shown = { readonly prints: string | RegExp } & (
  | { /** Run by root's bash, without SSH. */ readonly command: string }
  | {
      /** Run over SSH, as the user who deploys. */ readonly login: string;
    }
);

/** What a trait may use. */
export interface Bench {
  readonly site: SampleSite;
  /** Runs a script by root's bash on the host, without SSH. @returns its output without the final newline */
  readonly onHost: (script: string) => Promise<string>;
  /** Runs a command on the host over SSH, as the user who deploys. @returns its output */
  readonly login: (command: string) => Promise<string>;
}

/** Whether both can be on one host. */
export function fit(one: Trait, other: Trait): boolean {
  const others: Record<string, string> = { ...other.makes, ...other.settings };
  return Object.entries({ ...one.makes, ...one.settings }).every(
    ([part, value]) => (others[part] ?? value) === value,
  );
}

/** Command whose output has everything about files that their owner would miss: bytes, mode, owner, target. */
export function look(...files: readonly string[]): string {
  return files
    .map(
      (file) => `stat -c '%N %F %a %U:%G' ${file}; if [ -f ${file} ]; then sha256sum <${file}; fi`,
    )
    .join("\n");
}
