import { UserError } from "../host/userError";

/** One thing that is wrong with the configuration, in the user's terms. */
export interface Fault {
  /** The setting, such as `tracks:listenPort` or `tracks:serverNames[1]`. */
  readonly key: string;
  /** What was given, as it may be shown. */
  readonly given: string;
  /** What is allowed there. */
  readonly allowed: string;
  /** The command that mends it. */
  readonly mend: string;
}

/**
 * Every fault of a stack's configuration in one message.
 *
 * It ends the program before any resource is registered, and without a stack trace.
 */
export class ConfigurationError extends UserError {
  constructor(
    stack: string,
    readonly faults: readonly Fault[],
  ) {
    const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
    super(
      "ConfigurationError",
      [`The configuration of the stack ${stack} has ${count}:`, ...faults.map(text)].join("\n\n"),
    );
  }
}

function text(fault: Fault): string {
  return [
    `  ${fault.key}`,
    `    given:   ${fault.given}`,
    `    allowed: ${fault.allowed}`,
    `    mend:    ${fault.mend}`,
  ].join("\n");
}
