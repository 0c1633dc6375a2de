import * as pulumi from "@pulumi/pulumi";
import type { FileTransform } from "./manifest/transform";
import { deleteNothingAfterErrors } from "./programEnd";

/** A component's class under its present and its former name, and what it does to files. */
interface ComponentClass {
  /** Such as `NginxSite`; its type is `tracks:index:NginxSite`. */
  readonly type: string;
  /** The class whose part this one was: what it has on the host keeps its name there. @default none */
  readonly partOf?: string;
  /** Changes the files that the component sends. @default they go as they are rendered */
  readonly transform?: FileTransform | undefined;
}

/** Inputs of every component that sends files. */
export interface FileArgs {
  /**
   * Changes each file that the component sends, before it goes to the host.
   *
   * @default files go as they are rendered
   */
  transform?: FileTransform;
}

/**
 * A component that knows its place in the program.
 *
 * The host remembers which resource owns a path. Pulumi's own identity, the URN, is not known
 * while the program runs, so the same facts (the chain of types and the names) are kept here:
 * a component that is renamed or moved under another parent is another owner, and the delete of
 * its former self can't wipe what it wrote.
 */
export abstract class HostComponent extends pulumi.ComponentResource {
  /** The component's name in the program. */
  readonly name: string;
  /** Who writes the component's files, for their first line: an administrator finds the program by it. */
  readonly program = `project ${pulumi.getProject()}, stack ${pulumi.getStack()}`;
  /** Changes the files that the component sends, if they are to be changed. */
  readonly transform: FileTransform | undefined;
  /** Types and names from the top of the program down to this component. */
  readonly place: string;
  /**
   * The option `dependsOn` of the component. Pulumi lets the component itself wait for it, and nothing
   * below; here every resource of the component waits, and the component, which does nothing, does not. A
   * component that depends on what is not made yet has `pulumi refresh --run-program` of an unfinished
   * deployment write a state that no command reads any more (engine 3.220).
   */
  readonly dependencies: pulumi.ComponentResourceOptions["dependsOn"];
  /** Former identities of the component's resources; those of the component itself they inherit. */
  readonly aliasesBelow: pulumi.Alias[];

  /** @param inputs what describes the component in a preview: names, ports and paths, no secret and no fact */
  protected constructor(
    { type, partOf, transform }: ComponentClass,
    name: string,
    inputs: pulumi.Inputs,
    { dependsOn, ...opts }: pulumi.ComponentResourceOptions = {},
  ) {
    deleteNothingAfterErrors();
    // Before they were a library's, the types had another module.
    const aliases = partOf === undefined ? [{ type: formerType(type) }] : [];
    super(`tracks:index:${type}`, name, inputs, pulumi.mergeOptions(opts, { aliases }));
    this.name = name;
    this.transform = transform;
    this.place = `${placeAbove(opts.parent)}${partOf ?? type}:${name}`;
    this.dependencies = dependsOn;
    this.aliasesBelow =
      partOf === undefined
        ? []
        : [{ parent: pulumi.createUrn(name, formerType(partOf), opts.parent) }];
  }
}

function formerType(type: string): string {
  return `tracks:components:${type}`;
}

/** What the SDK keeps of a resource, and leaves out of its declarations. */
interface KnownResource {
  readonly __pulumiType: string;
  readonly __name: string;
  readonly __parentResource?: pulumi.Resource;
}

/** A parent may be anybody's component: two of them may each have a component of one name below. */
function placeAbove(parent: pulumi.Resource | undefined): string {
  if (parent === undefined) return "";
  if (parent instanceof HostComponent) return `${parent.place}/`;
  const { __pulumiType, __name, __parentResource } = parent as unknown as KnownResource;
  // The stack, which is above everything.
  if (__pulumiType === "pulumi:pulumi:Stack") return "";
  return `${placeAbove(__parentResource)}${__pulumiType}:${__name}/`;
}
