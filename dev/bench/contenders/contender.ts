import type { CommandRun } from "../command";

/** What one line of nginx's configuration is changed to. */
export interface SiteSettings {
  readonly clientMaxBodySizeMegabytes: number;
}

/**
 * One way to bring the site about. Each has one command that a person types for every step, the
 * first as the last: what differs is what it finds.
 */
export interface Contender {
  readonly title: string;
  /** Writes settings and login; not measured, and before any other. */
  prepare(): Promise<void>;
  /** Edits the settings as a person would in an editor; not measured. */
  configure(settings: SiteSettings): Promise<void>;
  /** Brings host and site to what settings and source say. */
  apply(): Promise<CommandRun>;
  /** Says what {@link apply} would do; absent where there is no such thing. */
  preview?: () => Promise<CommandRun>;
  /** Ends what {@link apply} left running on this machine. */
  dispose(): Promise<void>;
}

/** What a contender works with, beside the site. */
export interface Surroundings {
  /** File that every command's output is appended to. */
  readonly log: string;
  readonly signal: AbortSignal;
}
