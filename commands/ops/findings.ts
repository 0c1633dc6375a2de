import { ProblemError } from "../../host/ProblemError";
import { inStackKeys } from "../../settings/argumentKeys";

/** Result of one check, as `--json` prints it. */
export interface Finding {
  readonly check: string;
  readonly isFine: boolean;
  /** What was found; of a failure, what is wrong and how it is fixed. */
  readonly detail: string;
}

/**
 * Makes one check and tells its finding.
 *
 * @param look throws an error that says what to do where the check fails
 * @param detail what the finding says of the result. @default the result as a text
 * @returns the result, for checks that need it; undefined where it failed
 */
export type Check = <Result>(
  name: string,
  look: () => Result | Promise<Result>,
  detail?: (result: Result) => string,
) => Promise<Result | undefined>;

/** Makes checks whose findings are told one by one. */
export function checking(tell: (finding: Finding) => void): Check {
  return async (check, look, detail = String) => {
    try {
      const result = await look();
      tell({ check, isFine: true, detail: detail(result) });
      return result;
    } catch (error) {
      const said = error instanceof ProblemError ? error.reword(inStackKeys) : error;
      tell({ check, isFine: false, detail: said instanceof Error ? said.message : String(said) });
      return undefined;
    }
  };
}

/** A finding for a person. */
export function describeFinding({ check, isFine, detail }: Finding): string {
  return `${isFine ? "ok  " : "FAIL"}  ${check.padEnd(12)}${detail.replaceAll("\n", `\n${" ".repeat(18)}`)}`;
}
