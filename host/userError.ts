import * as pulumi from "@pulumi/pulumi";

/**
 * An error that the stack's owner mends: its message says what was found, what is allowed and how.
 *
 * Pulumi shows the message alone, for which it has no use of the stack. It goes altogether, since
 * Pulumi still formats it in colour, where Node 20's `util.inspect` never gets past a line such as
 * `node_modules/@pulumi/resource.ts` (a scope without a package behind it) before memory runs out:
 * 14 seconds between the fault and its message.
 */
export abstract class UserError extends pulumi.RunError {
  protected constructor(name: string, message: string) {
    super(message);
    this.name = name;
    this.stack = `${name}: ${message}`;
  }

  /** Says the same in the terms of who catches it. */
  reword(inTerms: (message: string) => string): this {
    this.message = inTerms(this.message);
    this.stack = `${this.name}: ${this.message}`;
    return this;
  }
}
