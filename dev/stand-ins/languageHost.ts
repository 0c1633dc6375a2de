import { createRequire } from "node:module";
import { join } from "node:path";
import { execa } from "execa";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { engineAddress, servePlugin, unary } from "./protocol/server";

/** Exit code of a program that has reported its errors already. */
const toldErrors = 32;

/**
 * Starts the program as the SDK expects: the SDK's runner, found from the program's folder, gets
 * the addresses of the engine as arguments and the configuration in the environment.
 */
async function run(request: rpc.RunRequest): Promise<rpc.RunResponse> {
  const info = request.getInfo();
  const options = (info?.getOptions()?.toJavaScript() ?? {}) as Record<string, unknown>;
  const program = info?.getEntryPoint() ?? request.getProgram();
  const folder = info?.getProgramDirectory() ?? request.getPwd();
  const runner = createRequire(join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  const nodeArguments = typeof options["nodeargs"] === "string" ? options["nodeargs"] : "";
  const flags: [string, string][] = [
    ["--monitor", request.getMonitorAddress()],
    ["--engine", engineAddress],
    ["--organization", request.getOrganization()],
    ["--project", request.getProject()],
    ["--stack", request.getStack()],
    ["--pwd", request.getPwd()],
    ["--root-directory", info?.getRootDirectory() ?? ""],
    ["--parallel", String(request.getParallel())],
  ];
  const { exitCode, signal } = await execa(
    process.execPath,
    [
      ...nodeArguments.split(" ").filter((argument) => argument !== ""),
      runner,
      ...flags.filter(([, value]) => value !== "").flat(),
      ...(request.getDryrun() ? ["--dry-run"] : []),
      program,
      ...request.getArgsList(),
    ],
    {
      stdio: ["ignore", "inherit", "inherit"],
      reject: false,
      env: {
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().getEntryList())),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        PULUMI_NODEJS_TYPESCRIPT: String(options["typescript"] !== false),
      },
    },
  );
  const response = new rpc.RunResponse();
  if (exitCode === toldErrors) response.setBail(true);
  else if (exitCode !== 0) {
    response.setError(
      exitCode === undefined
        ? `Program was ended by ${signal ?? "a signal"}`
        : `Program exited with non-zero exit code: ${exitCode}`,
    );
  }
  return response;
}

servePlugin(LanguageRuntimeService, {
  handshake: unary(() => new rpc.LanguageHandshakeResponse()),
  cancel: unary(() => new Empty()),
  getPluginInfo: unary(() => {
    const info = new PluginInfo();
    info.setVersion("3.220.0");
    return info;
  }),
  // Reports no plugins: the tool chain has installed them.
  getRequiredPlugins: unary(() => new rpc.GetRequiredPluginsResponse()),
  getRequiredPackages: unary(() => new rpc.GetRequiredPackagesResponse()),
  run: unary(run),
});
