import * as pulumi from "@pulumi/pulumi";

/** What the SDK has in `pulumi.runtime`, and leaves out of its declarations. */
interface Runtime {
  readonly waitForRPCs: () => Promise<void>;
}

/**
 * Waits until the engine has answered everything that this program registered. `pulumi.runtime.disconnect` would
 * also close the connection.
 */
export function waitForEngine(): Promise<void> {
  return (pulumi.runtime as unknown as Runtime).waitForRPCs();
}
