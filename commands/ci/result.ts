import type { Change, Message } from "./engineReport";
import type { Drift } from "./drifted";

/** Result of one of the pipeline's scripts, as `result.json` has it. */
export interface CiResult {
  readonly command: "preview" | "deploy" | "drift";
  readonly stack: string;
  /** `pending`: a preview would change something, or the host differs from what was applied. */
  readonly state: "done" | "failed" | "pending";
  readonly seconds: number;
  readonly changes: readonly Change[];
  /** Resources that differ from what was applied; undefined where nobody asked, or the host did not answer. */
  readonly drift: readonly Drift[] | undefined;
  readonly messages: readonly Message[];
  /** Why it failed; undefined where it did not. */
  readonly failure: string | undefined;
  /**
   * Whether a failed deployment left nothing half done on the host; undefined where none failed, the host did
   * not answer, or a run is still at work there.
   */
  readonly restored?: boolean | undefined;
}

/** What the pipeline's scripts end with. */
export const exitCodes: Readonly<Record<CiResult["state"], number>> = {
  done: 0,
  failed: 1,
  pending: 2,
};
