const room = process.env.TRACKS_MUTATION_ROOM;

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  testRunner: "resident",
  plugins: ["./test/mutation/residentPlugin.mjs", "./test/mutation/texts.mjs"],
  ignorers: ["texts"],
  coverageAnalysis: "perTest",
  concurrency: 2,
  dryRunTimeoutMinutes: 20,
  // A machine with other work is slow; what a mutant makes endless is rare.
  timeoutMS: 60_000,
  // Only what has changed since the last run is tried again.
  incremental: true,
  incrementalFile: `reports/mutation/${room.replaceAll("/", "-")}.json`,
  tempDirName: "reports/mutation/sandbox",
  ignorePatterns: [".lab", ".git", "dist", "examples", "test/e2e", "test/host"],
  reporters: ["progress-append-only", "clear-text"],
  clearTextReporter: { reportTests: false, reportScoreTable: false },
};
