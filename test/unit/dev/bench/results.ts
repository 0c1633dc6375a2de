import type { BenchmarkResult, ContenderResult } from "../../../../dev/bench/measurement";

const sound = { "version 1.0.0": 160 };

/** A contender that took these seconds and whose site always answered. */
export function contender(
  title: string,
  seconds: ContenderResult["seconds"],
  answers: Partial<ContenderResult["answers"]> = {},
): ContenderResult {
  return {
    title,
    seconds,
    answers: {
      duringUpdate: { "one version": 90 },
      afterFailure: sound,
      afterRestart: sound,
      ...answers,
    },
    failureReported: true,
  };
}

/** A run of a quiet day. */
export function benchmark(...contenders: ContenderResult[]): BenchmarkResult {
  return { date: "2026-11-23T13:00:00.000Z", cores: 2, load: 0.25, contenders };
}
