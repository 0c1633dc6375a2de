import { lineDifference } from "../../host/lineDifference";
import { type Plan, unknown } from "./plan";

/** The lines that differ, as `- ` (planned) and `+ ` (found), below what they are about. Empty where nothing does. */
export function planDifference(planned: Plan, found: Plan): string[] {
  const names = [...new Set([...planned.parts.keys(), ...found.parts.keys()])];
  return names.flatMap((name) => {
    const lines = partDifference(planned.parts.get(name), found.parts.get(name));
    return lines.length === 0 ? [] : [name, ...lines];
  });
}

/** Undefined where a plan does not have the part. */
function partDifference(
  planned: readonly string[] | undefined,
  found: readonly string[] | undefined,
): string[] {
  if (planned === undefined) return ["+ (not in the plan)"];
  if (found === undefined) return ["- (in the plan alone)"];
  if (planned.length === 1 && planned[0] === unknown) return [];
  return lineDifference(
    planned,
    found,
    (line, other) =>
      line === other ||
      (line.endsWith(unknown) && other.startsWith(line.slice(0, -unknown.length))),
  );
}
