/** What is measured of each contender, in the order in which it happens. */
export const steps = [
  { id: "deploy", title: "first deploy" },
  { id: "preview", title: "no-op preview" },
  { id: "noop", title: "no-op run" },
  { id: "change", title: "one-line nginx change" },
  { id: "update", title: "application update" },
  { id: "failingUpdate", title: "failing update, until reported" },
] as const;

export type StepId = (typeof steps)[number]["id"];

/** What was seen of one contender. */
export interface ContenderResult {
  /** How the contender is called in table and plot. */
  readonly title: string;
  /** Seconds of each run of a step; a step that has no counterpart here is left out. */
  readonly seconds: Readonly<Partial<Record<StepId, readonly number[]>>>;
  /** What the site answered, as counted at that time. */
  readonly answers: {
    /** While the application was updated, without the versions' numbers. */
    readonly duringUpdate: Tally;
    /** After the failing update. */
    readonly afterFailure: Tally;
    /** After the failing update, when the service has been started anew, as a reboot does. */
    readonly afterRestart: Tally;
  };
  /** Whether the failing update was reported as failed by the command. */
  readonly failureReported: boolean;
}

/** How often each answer came: `version 1.0.0`, `HTTP 502`, `no answer`. */
export type Tally = Readonly<Record<string, number>>;

/** One run of the benchmark. */
export interface BenchmarkResult {
  /** When it began, as ISO 8601. */
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

/** The median of a step's runs in seconds; undefined where the contender has no such step. */
export function medianSeconds(contender: ContenderResult, step: StepId): number | undefined {
  const seconds = contender.seconds[step];
  return seconds === undefined || seconds.length === 0 ? undefined : median(seconds);
}

/** Seconds as a person reads them: two digits after the point below 1 s, one from there on. */
export function formatSeconds(seconds: number): string {
  return `${seconds.toFixed(seconds < 0.995 ? 2 : 1)} s`;
}
