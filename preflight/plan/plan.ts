import { problemError } from "../../host/ProblemError";

/**
 * What an `up` would make of a host, as two previews of the same write it: sorted, and without what differs from
 * one moment to the next. No secret is in it.
 */
export interface Plan {
  /** Project and stack, `PROJECT.STACK`. */
  readonly scope: string;
  /** Lines by what they are about, such as `drift` or `manifest nginx-1a2b3c`. */
  readonly parts: ReadonlyMap<string, readonly string[]>;
}

/** Stands for a line, or its end, or all lines of a part, that nobody could know: anything is right there. */
export const unknown = "[unknown]";

const header = "tracks-plan 1";

/** The plan as a text that a person can read. */
export function renderPlan({ scope, parts }: Plan): string {
  const lines = [...parts].flatMap(([name, body]) => [name, ...body.map((line) => `  ${line}`)]);
  return `${[`${header} ${scope}`, ...lines].join("\n")}\n`;
}

/**
 * Reads what {@link renderPlan} wrote.
 *
 * @param file for the error
 * @throws ProblemError for another text, and for a plan that is cut off
 */
export function parsePlan(text: string, file: string): Plan {
  const [first = "", ...lines] = text.split("\n");
  const [, scope] = new RegExp(`^${header} (\\S+)$`).exec(first) ?? [];
  if (scope === undefined || lines.pop() !== "") {
    throw problemError({
      subject: "TRACKS_PLAN",
      given: file,
      found: `a text that begins with ${JSON.stringify(first.slice(0, 40))}`,
      allowed: "the plan that a preview of this version wrote, whole",
      fix: ["TRACKS_PLAN_OUT=FILE pulumi preview   (writes one)"],
    });
  }
  const parts = new Map<string, string[]>();
  let body: string[] = [];
  for (const line of lines) {
    if (line.startsWith("  ")) body.push(line.slice(2));
    else {
      body = [];
      parts.set(line, body);
    }
  }
  return { scope, parts };
}
