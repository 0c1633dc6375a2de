import { inspect } from "node:util";
import * as pulumi from "@pulumi/pulumi";

/** What stands in every text in place of a secret. */
export const redacted = "[secret]";

/**
 * A secret that can't be printed by accident.
 *
 * Template strings, `JSON.stringify`, `console.log` and `util.inspect` all give {@link redacted};
 * the value leaves only through {@link Secret.reveal} (to the host, or to a check in this program)
 * or {@link Secret.output} (to a resource: encrypted in the state, hidden in every diff).
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself: for what keeps it in memory, never for a text, a log or an argv. */
  reveal(): string {
    return this.#value;
  }

  /** The value as an output that the engine treats as a secret. */
  output(): pulumi.Output<string> {
    return pulumi.secret(this.#value);
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](): string {
    return redacted;
  }
}
