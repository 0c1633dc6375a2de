import type { Outcome } from "./host";
import type { Trait } from "./trait";

/** Outcomes of hosts, by position in their list; those of unfinished hosts are missing. */
type Outcomes = ReadonlyMap<number, Outcome>;

/** Outcomes of the hosts, as a table in Markdown. */
export function outcomeTable(
  hosts: readonly (readonly Trait[])[],
  outcomes: Outcomes,
  commit: string,
): string {
  const rows = hosts.map((traits, index) => {
    const outcome = outcomes.get(index);
    const names = traits.map(({ name }) => name).join(", ");
    return `| ${index + 1} | ${names} | ${resultOf(outcome)} | ${outcome?.seconds ?? ""} |`;
  });
  return [
    `Commit ${commit}:`,
    "",
    "| host | traits | result | seconds |",
    "| ---- | ------ | ------ | ------- |",
    ...rows,
  ].join("\n");
}

function resultOf(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "not finished";
  if (outcome.failures.length === 0) return "passed";
  return `failed: ${outcome.failures.map(({ step }) => step).join(", ")}`;
}

/** 0 only when every host was tried and has passed; after Ctrl-C the shell's status for that. */
export function exitStatus(
  hosts: readonly unknown[],
  outcomes: Outcomes,
  interrupted: boolean,
): number {
  if (interrupted) return 130;
  const passed = [...outcomes.values()].filter(({ failures }) => failures.length === 0);
  return passed.length === hosts.length ? 0 : 1;
}

/** Traits, and how a program without the fix fails, as a table in Markdown. */
export function traitTable(traits: readonly Trait[]): string {
  const rows = traits.map(({ name, severity, fault, bites }) => {
    const seen =
      "harmless" in bites ? `none can | ${bites.harmless}` : `${bites.version} | ${bites.words}`;
    return `| ${name} | ${severity ?? ""} | ${fault} | ${seen} |`;
  });
  return [
    "| trait | severity | what goes wrong without its fix | fails at | with |",
    "| ----- | -------- | ------------------------------- | -------- | ---- |",
    ...rows,
  ].join("\n");
}
