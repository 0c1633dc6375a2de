/** Steps to measure of each contender, in their order. */
export const steps = [
  { id: "deploy", title: "first deploy" },
  { id: "preview", title: "no-op preview" },
  { id: "noop", title: "no-op run" },
  { id: "change", title: "one-line nginx change" },
  { id: "update", title: "application update" },
  { id: "failingUpdate", title: "failing update, until reported" },
] as const;

export type StepId = (typeof steps)[number]["id"];

/** Measurements of one contender. */
export interface ContenderResult {
  /** Name of the contender in table and plot. */
  readonly title: string;
  /** Seconds of each run of a step, without steps that the contender doesn't have. */
  readonly seconds: Readonly<Partial<Record<StepId, readonly number[]>>>;
  /** Counts of the site's answers. */
  readonly answers: {
    /** During the update of the application, without version numbers. */
    readonly duringUpdate: Tally;
    /** After the failing update. */
    readonly afterFailure: Tally;
    /** After the failing update and a restart of the service, as after a reboot. */
    readonly afterRestart: Tally;
  };
  /** Whether the failing update was reported as failed by the command. */
  readonly failureReported: boolean;
}

/** How often each answer came: `version 1.0.0`, `HTTP 502`, `no answer`. */
export type Tally = Readonly<Record<string, number>>;

/** Run of the benchmark. */
export interface BenchmarkResult {
  /** Time of its beginning, as ISO 8601. */
  readonly date: string;
  /** Processor cores of the machine. */
  readonly cores: number;
  /** Load average of the last minute before the first measurement. */
  readonly load: number;
  readonly contenders: readonly ContenderResult[];
}

/** @throws RangeError when there are no values */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError("no median of no values");
  return (lower + upper) / 2;
}

/** Median of a step's runs in seconds; undefined where the contender has no such step. */
export function medianSeconds(contender: ContenderResult, step: StepId): number | undefined {
  const seconds = contender.seconds[step];
  return seconds === undefined || seconds.length === 0 ? undefined : median(seconds);
}

/** Seconds for a person: two digits after the point below 1 s, else one. */
export function formatSeconds(seconds: number): string {
  return `${seconds.toFixed(seconds < 0.995 ? 2 : 1)} s`;
}
