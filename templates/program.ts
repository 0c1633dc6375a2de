import * as pulumi from "@pulumi/pulumi";

/** Who wrote a file, for its first line: an administrator on the host finds the program by it. */
export function programName(): string {
  return `project ${pulumi.getProject()}, stack ${pulumi.getStack()}`;
}
