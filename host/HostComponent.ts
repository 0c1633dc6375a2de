import * as pulumi from "@pulumi/pulumi";
import type { FileTransform } from "./manifest/transform";
import { problemError } from "./ProblemError";
import { deleteNothingAfterErrors } from "./programEnd";

/** A component's class, under its current and its former name, and its file transform. */
interface ComponentClass {
  /** Name of the class, such as `NginxSite`; its type is `tracks:index:NginxSite`. */
  readonly type: string;
  /** Class that this one was a part of: its resources keep their names on the host. @default none */
  readonly partOf?: string;
  /** Changes the files that the component sends. @default sends them as rendered */
  readonly transform?: FileTransform | undefined;
}

/** Inputs of every component that sends files. */
export interface FileArgs {
  /**
   * Changes each file that the component sends, before it goes to the host.
   *
   * @default sends files as rendered
   */
  transform?: FileTransform;
}

/**
 * A component that knows its position in the program.
 *
 * The host remembers which resource owns a path. Pulumi's own identity, the URN, is not known
 * while the program runs, so the component keeps the same facts, the types and names above it. A
 * component that is renamed or moved under another parent is another owner, and the delete of
 * the old one can't remove what the new one wrote.
 */
export abstract class HostComponent extends pulumi.ComponentResource {
  /** The component's name in the program. */
  readonly name: string;
  /** The component as errors name it, such as `Nginx "nginx"`. */
  readonly title: string;
  /** Project and stack, for the first line of the component's files: it leads an administrator to the program. */
  readonly program = `project ${pulumi.getProject()}, stack ${pulumi.getStack()}`;
  /** Changes the files that the component sends; undefined where nothing does. */
  readonly transform: FileTransform | undefined;
  /** Types and names from the top of the program down to this component. */
  readonly place: string;
  /**
   * The component's option `dependsOn`. In Pulumi only the component itself waits for it, and none of its
   * children; here every resource of the component waits, and the component, which does nothing, does not.
   * If a component depended on a resource that does not exist yet, `pulumi refresh --run-program` of an
   * unfinished deployment would write a state that no command can read (engine 3.220).
   */
  readonly dependencies: pulumi.ComponentResourceOptions["dependsOn"];
  /** Former identities of the component's resources, which also inherit those of the component. */
  readonly aliasesBelow: pulumi.Alias[];

  /** @param inputs describe the component in a preview: names, ports and paths; no secret, and nothing of the host's state */
  protected constructor(
    { type, partOf, transform }: ComponentClass,
    name: string,
    inputs: pulumi.Inputs,
    { dependsOn, ...opts }: pulumi.ComponentResourceOptions = {},
  ) {
    deleteNothingAfterErrors();
    const title = `${type} "${name}"`;
    refuseAliases(title, opts);
    // Before the components were a library, their types had another module.
    const aliases = partOf === undefined ? [{ type: formerType(type) }] : [];
    super(`tracks:index:${type}`, name, inputs, pulumi.mergeOptions(opts, { aliases }));
    this.name = name;
    this.title = title;
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

/**
 * Refuses a user's aliases, also those of a parent, which its children inherit. With an alias Pulumi updates the
 * former command in place and never runs its `delete`, though the name on the host is another one now.
 */
function refuseAliases(
  title: string,
  { aliases = [], parent }: pulumi.ComponentResourceOptions,
): void {
  const above = aliasedAbove(parent);
  if (aliases.length === 0 && above === undefined) return;
  throw problemError({
    subject: title,
    given: `the option aliases${above === undefined ? "" : ` of its parent ${above}`}`,
    allowed: "a component without it",
    fix: [
      "leave it out: the renamed or moved component takes over what it wrote on the host",
      ...(above === undefined ? [] : [`or give ${title} another parent`]),
    ],
    reason: "With it, the host would keep the records of the component's former name for ever.",
  });
}

/** The nearest resource above that its program gave aliases. Components of ours have some of their own. */
function aliasedAbove(parent: pulumi.Resource | undefined): string | undefined {
  if (parent === undefined) return undefined;
  const { __pulumiType, __name, __parentResource, __aliases } = parent as unknown as KnownResource;
  if (!(parent instanceof HostComponent) && __aliases?.length) return `${__pulumiType} "${__name}"`;
  return aliasedAbove(__parentResource);
}

/** Fields of a resource that the SDK has, but does not declare. */
interface KnownResource {
  readonly __pulumiType: string;
  readonly __name: string;
  readonly __parentResource?: pulumi.Resource;
  readonly __aliases?: readonly unknown[];
}

/** A parent may be any component: two parents may each have a child of the same name. */
function placeAbove(parent: pulumi.Resource | undefined): string {
  if (parent === undefined) return "";
  if (parent instanceof HostComponent) return `${parent.place}/`;
  const { __pulumiType, __name, __parentResource } = parent as unknown as KnownResource;
  // The stack is the top.
  if (__pulumiType === "pulumi:pulumi:Stack") return "";
  return `${placeAbove(__parentResource)}${__pulumiType}:${__name}/`;
}
