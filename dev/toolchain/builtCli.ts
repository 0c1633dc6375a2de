import { buildFromModules } from "./goBuild";
import type { OnProgress } from "./progress";

/** Version of the Pulumi CLI that go.mod builds. */
export const builtVersion = "3.220.0";

/** Builds the Pulumi CLI from its Go modules, and returns its path. */
export function buildCli(onProgress: OnProgress): Promise<string> {
  return buildFromModules(
    {
      title: "the Pulumi CLI",
      version: builtVersion,
      modules: __dirname,
      program: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
      output: "cli/pulumi",
      linkerFlags: `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${builtVersion}`,
      otherwise: `install Pulumi ${builtVersion} or newer (https://www.pulumi.com/docs/install/)`,
    },
    onProgress,
  );
}
