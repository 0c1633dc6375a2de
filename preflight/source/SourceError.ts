import { UserError } from "../../host/userError";

/** What keeps the application's source on this machine from being deployed, all of it at once. */
export class SourceError extends UserError {
  /**
   * @param folder the source, as the configuration names it
   * @param faults one sentence or more each: what was found, what is allowed, what mends it
   */
  constructor(
    folder: string,
    readonly faults: readonly string[],
  ) {
    super(
      "SourceError",
      faults.length === 1
        ? `The source ${folder} can't be deployed: ${faults[0] ?? ""}`
        : [`The source ${folder} can't be deployed:`, ...faults.map((fault) => `- ${fault}`)].join(
            "\n",
          ),
    );
  }
}
