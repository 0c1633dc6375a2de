import { inspect } from "node:util";
import * as pulumi from "@pulumi/pulumi";

/** Replaces a secret in every text. */
export const redacted = "[secret]";

/**
 * A secret that can't be printed by accident.
 *
 * Template strings, `JSON.stringify`, `console.log` and `util.inspect` all print {@link redacted}.
 * Only {@link Secret.reveal} (for the host, or for a check in this program) and
 * {@link Secret.output} (for a resource: encrypted in the state, hidden in every diff) return the value.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, for use in memory: never for a text, a log or an argument of a command. */
  reveal(): string {
    return this.#value;
  }

  /** The value as a secret output. */
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
