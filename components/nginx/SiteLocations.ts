import type * as pulumi from "@pulumi/pulumi";

/** Locations that a component adds to a site's server block, in a file of their own. */
export interface SiteLocations {
  /** Name of the file, without `.conf`: such as `robots`. */
  readonly concern: string;
  /** nginx directives for a server block. */
  readonly content: pulumi.Input<string>;
  /** Resources that create the files which the locations serve; nginx reloads after them. @default none */
  readonly dependsOn?: readonly pulumi.Resource[];
}
