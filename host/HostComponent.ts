import * as pulumi from "@pulumi/pulumi";

/**
 * A component that knows where it stands in the program.
 *
 * The host remembers which resource owns a path. Pulumi's own identity, the URN, is not known
 * while the program runs, so the same facts (the chain of types and the names) are kept here:
 * a component that is renamed or moved under another parent is another owner, and the delete of
 * its former self can't wipe what it wrote.
 */
export abstract class HostComponent extends pulumi.ComponentResource {
  /** The component's name in the program. */
  readonly name: string;
  /** Types and names from the top of the program down to this component. */
  readonly place: string;

  protected constructor(type: string, name: string, opts?: pulumi.ComponentResourceOptions) {
    super(`tracks:components:${type}`, name, {}, opts);
    this.name = name;
    const above = opts?.parent instanceof HostComponent ? `${opts.parent.place}/` : "";
    this.place = `${above}${type}:${name}`;
  }
}
