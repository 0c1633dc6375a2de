import type { CiResult } from "./result";

interface TestCase {
  readonly group: string;
  readonly name: string;
  /** Why it failed; undefined where it did not. */
  readonly failure?: string;
  /** Why nobody knows whether it failed. */
  readonly skipped?: string;
  readonly output?: string;
}

/**
 * The result in JUnit's format, which every pipeline shows: a case for the run itself, one for each
 * resource that changes and one for each that the host has otherwise.
 *
 * A change that waits is no failure of a preview. Drift is one, in each of the scripts that look for it.
 */
export function junitOf(result: CiResult): string {
  const { command, stack, seconds } = result;
  const cases = casesOf(result);
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const skipped = cases.filter((testCase) => testCase.skipped !== undefined).length;
  const attributes = `name=${quoted(`${command} of ${stack}`)} tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}" time="${seconds}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite ${attributes}>`,
    ...cases.map((testCase) => `    ${caseText(testCase)}`),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function casesOf(result: CiResult): TestCase[] {
  const { command, stack, state, changes, drift, messages, failure } = result;
  const isBlind = command === "preview" && state !== "failed" && drift === undefined;
  const errors = messages.filter(({ severity }) => severity === "error");
  const errorOf = (resource: string) => errors.find((message) => message.resource === resource);
  return [
    { group: stack, name: command, ...(failure !== undefined && { failure }) },
    ...changes.map(({ resource, operation, lines }) => {
      const error = errorOf(resource);
      return {
        group: `${stack}.${operation}`,
        name: resource,
        ...(error !== undefined && { failure: error.text }),
        ...(lines.length > 0 && { output: lines.join("\n") }),
      };
    }),
    ...(drift ?? []).map(({ resource, names }) => ({
      group: `${stack}.drift`,
      name: resource,
      failure: `the host differs from what was applied: ${names.join(", ")}`,
    })),
    ...(isBlind
      ? [{ group: `${stack}.drift`, name: "host", skipped: "nobody could look at the host" }]
      : []),
  ];
}

function caseText({ group, name, failure, skipped, output }: TestCase): string {
  const inner = [
    ...(failure === undefined
      ? []
      : [`<failure message=${quoted(lastLine(failure))}>${escaped(failure)}</failure>`]),
    ...(skipped === undefined ? [] : [`<skipped message=${quoted(skipped)}/>`]),
    ...(output === undefined ? [] : [`<system-out>${escaped(output)}</system-out>`]),
  ].join("");
  return `<testcase classname=${quoted(group)} name=${quoted(name)}>${inner}</testcase>`;
}

/** Of several lines the last one says most. */
function lastLine(text: string): string {
  return text.trimEnd().replace(/^[^]*\n/, "");
}

function quoted(text: string): string {
  return `"${escaped(text).replaceAll('"', "&quot;").replaceAll("\n", "&#10;")}"`;
}

/** Without the characters that XML can't have at all. */
function escaped(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex -- these are what XML forbids
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
  );
}
