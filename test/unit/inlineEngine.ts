import { Server, ServerCredentials } from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import * as automation from "@pulumi/pulumi/automation/server";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import {
  type LogRequest,
  LogSeverity,
  SetRootResourceResponse,
} from "@pulumi/pulumi/proto/engine_pb";
import { RunRequest, type RunResponse } from "@pulumi/pulumi/proto/language_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as resources from "@pulumi/pulumi/proto/resource_pb";
import { unary } from "../../dev/stand-ins/protocol/server";

/** The language host of inline programs, which the SDK has and leaves out of its declarations. */
interface Automation {
  readonly LanguageServer: new (program: () => Promise<void>) => {
    run(
      call: { request: RunRequest },
      callback: (error: Error | undefined, response: RunResponse | undefined) => void,
    ): Promise<void>;
  };
}

/** Work of an engine before it answers. @default none */
export interface EngineWork {
  /** For a resource that the program registers. */
  readonly creating?: (name: string) => Promise<void>;
  /** At the end of the program. */
  readonly deleting?: () => Promise<void>;
}

/** What an engine noticed of the run of an inline program. */
export interface InlineRun {
  /** Error with which the run ended. */
  readonly error: string | undefined;
  /** Whether the program told the engine to delete what it did not register. */
  readonly letsDelete: boolean;
  /** What the program logged as errors. */
  readonly errors: readonly string[];
}

/**
 * Runs a program as the Automation API runs an inline one: by the language host of the installed SDK, in this
 * process, against an engine that creates whatever the program registers.
 *
 */
export async function runInline(
  program: () => Promise<void>,
  { creating, deleting }: EngineWork = {},
): Promise<InlineRun> {
  const errors: string[] = [];
  let letsDelete = false;
  const engine = new Server();
  engine.addService(ResourceMonitorService, {
    supportsFeature: unary(() => new resources.SupportsFeatureResponse()),
    registerResource: unary(async (request: resources.RegisterResourceRequest) => {
      await creating?.(request.getName());
      const response = new resources.RegisterResourceResponse();
      response.setUrn(`urn:pulumi:test::docs::${request.getType()}::${request.getName()}`);
      response.setObject(request.getObject());
      return response;
    }),
    registerResourceOutputs: unary(() => new Empty()),
    signalAndWaitForShutdown: unary(async () => {
      letsDelete = true;
      await deleting?.();
      return new Empty();
    }),
  });
  engine.addService(EngineService, {
    log: unary((request: LogRequest) => {
      if (request.getSeverity() === LogSeverity.ERROR) errors.push(request.getMessage());
      return new Empty();
    }),
    setRootResource: unary(() => new SetRootResourceResponse()),
  });
  const port = await new Promise<number>((resolve, reject) => {
    engine.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  const request = new RunRequest();
  request.setProject("docs");
  request.setStack("test");
  request.setMonitorAddress(`127.0.0.1:${port}`);
  request.setArgsList([`127.0.0.1:${port}`]);
  const { LanguageServer } = automation as unknown as Automation;
  const error = await new Promise<string | undefined>((resolve) => {
    // After an error it calls back twice: the first call has the error.
    void new LanguageServer(program).run({ request }, (failure, response) => {
      resolve(failure?.message ?? response?.getError());
    });
  });
  engine.forceShutdown();
  return { error: error === "" ? undefined : error, letsDelete, errors };
}
