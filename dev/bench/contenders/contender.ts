import type { CommandRun } from "../command";

/** New value of one line of nginx's configuration. */
export interface SiteSettings {
  readonly clientMaxBodySizeMegabytes: number;
}

/**
 * One way to deploy the site. Each has one command, which a person types for every step, from the first to
 * the last: only what it finds on the host differs.
 */
export interface Contender {
  readonly title: string;
  /** Writes settings and login; called first, and not measured. */
  prepare(): Promise<void>;
  /** Edits the settings as a person would in an editor; not measured. */
  configure(settings: SiteSettings): Promise<void>;
  /** Makes host and site match settings and source. */
  apply(): Promise<CommandRun>;
  /** Shows what {@link apply} would do; absent where the contender can't. */
  preview?: () => Promise<CommandRun>;
  /** Ends what {@link apply} left running on this machine. */
  dispose(): Promise<void>;
}

/** What a contender needs in addition to the site. */
export interface Surroundings {
  /** File to which the output of every command is appended. */
  readonly log: string;
  readonly signal: AbortSignal;
}
