import type { Outcome } from "./host";
import type { Trait } from "./trait";

/** What the hosts came to, as a table in Markdown. */
export function outcomeTable(outcomes: readonly Outcome[], commit: string): string {
  const rows = outcomes.map(({ traits, failures, seconds }, index) => {
    const failed = failures.map(({ step }) => step).join(", ");
    const result = failures.length === 0 ? "passed" : `failed: ${failed}`;
    return `| ${index + 1} | ${traits.join(", ")} | ${result} | ${seconds} |`;
  });
  return [
    `Commit ${commit}:`,
    "",
    "| host | traits | result | seconds |",
    "| ---- | ------ | ------ | ------- |",
    ...rows,
  ].join("\n");
}

/** The traits, and where a program without the fix fails, as a table in Markdown. */
export function traitTable(traits: readonly Trait[]): string {
  const rows = traits.map(({ name, fault, bites }) => {
    const seen = bites === undefined ? "none seen | " : `${bites.version} | ${bites.words}`;
    return `| ${name} | ${fault} | ${seen} |`;
  });
  return [
    "| trait | what goes wrong without its fix | fails at | with |",
    "| ----- | ------------------------------- | -------- | ---- |",
    ...rows,
  ].join("\n");
}
