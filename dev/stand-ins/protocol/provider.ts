import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { difference, type Kind } from "./difference";
import type { PropertyMap } from "./property";
import type { Log, Operation, ResourceType } from "./resource";
import { engineAddress, engineClient, servePlugin, unary } from "./server";

/** Provider plugin: its version, and its resources by type token. */
export interface Provider {
  version: string;
  resources: Readonly<Record<string, ResourceType>>;
  /** Receives the provider's own settings; the engine calls it first. */
  configure?(settings: PropertyMap): void;
}

/**
 * Serves a provider to the engine that started this process.
 *
 * Does not use the SDK's `provider.main()`: that supports neither detailed differences nor the
 * engine's log, can't tell a preview, and loads the whole SDK at every start.
 */
export function serveProvider(provider: Provider): void {
  let engine: EngineClient | undefined;
  const cancelled = new AbortController();

  function connect(address: string): void {
    if (address !== "")
      engine = new EngineClient(address, engineClient.credentials, engineClient.options);
  }
  connect(engineAddress);

  function typeOf(urn: string): ResourceType {
    const token = urn.split("::")[2]?.split("$").at(-1) ?? "";
    const type = provider.resources[token];
    if (type === undefined)
      throw new Error(
        `the stand-in provider has no resource ${token}; it has ${Object.keys(provider.resources).join(", ")}`,
      );
    return type;
  }

  function operation(urn: string, preview: boolean, timeout: number): Operation {
    const signals = [cancelled.signal];
    if (timeout > 0) signals.push(AbortSignal.timeout(timeout * 1000));
    return {
      name: urn.split("::").slice(3).join("::"),
      preview,
      signal: AbortSignal.any(signals),
      log: engineLog(engine, urn),
    };
  }

  const getPluginInfo = unary(() => {
    const info = new PluginInfo();
    info.setVersion(provider.version);
    return info;
  });

  servePlugin(ResourceProviderService, {
    handshake: unary((request: rpc.ProviderHandshakeRequest) => {
      connect(request.getEngineAddress());
      const response = new rpc.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      return response;
    }),
    attach: unary((request: { getAddress(): string }) => {
      connect(request.getAddress());
      return new Empty();
    }),
    getPluginInfo,
    checkConfig: unary((request: rpc.CheckRequest) => checked(propertiesOf(request.getNews()), [])),
    diffConfig: unary(() => new rpc.DiffResponse()),
    configure: unary((request: rpc.ConfigureRequest) => {
      provider.configure?.(propertiesOf(request.getArgs()));
      const response = new rpc.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      return response;
    }),
    cancel: unary(() => {
      cancelled.abort();
      return new Empty();
    }),
    check: unary((request: rpc.CheckRequest) => {
      const { inputs, failures } = typeOf(request.getUrn()).check(propertiesOf(request.getNews()));
      return checked(inputs, failures);
    }),
    diff: unary((request: rpc.DiffRequest) => {
      const type = typeOf(request.getUrn());
      const news = propertiesOf(request.getNews());
      const changes =
        type.difference?.(propertiesOf(request.getOlds()), news) ??
        difference(propertiesOf(request.getOldInputs()), news);
      return differs(changes, type);
    }),
    create: unary(async (request: rpc.CreateRequest) => {
      const { id, state } = await typeOf(request.getUrn()).create(
        propertiesOf(request.getProperties()),
        operation(request.getUrn(), request.getPreview(), request.getTimeout()),
      );
      const response = new rpc.CreateResponse();
      response.setId(request.getPreview() ? "" : id);
      response.setProperties(structOf(state));
      return response;
    }),
    read: unary(async (request: rpc.ReadRequest) => {
      const type = typeOf(request.getUrn());
      const id = request.getId();
      const state = propertiesOf(request.getProperties());
      const inputs = propertiesOf(request.getInputs());
      const found =
        type.read === undefined
          ? { id, state, inputs }
          : await type.read(id, { state, inputs }, operation(request.getUrn(), false, 0));
      const response = new rpc.ReadResponse();
      if (found === undefined) return response;
      response.setId(found.id);
      response.setProperties(structOf(found.state));
      response.setInputs(structOf(found.inputs));
      return response;
    }),
    update: unary(async (request: rpc.UpdateRequest) => {
      const type = typeOf(request.getUrn());
      if (type.update === undefined) throw new Error("Update is not implemented");
      const state = await type.update(
        propertiesOf(request.getOlds()),
        propertiesOf(request.getNews()),
        operation(request.getUrn(), request.getPreview(), request.getTimeout()),
      );
      const response = new rpc.UpdateResponse();
      response.setProperties(structOf(state));
      return response;
    }),
    delete: unary(async (request: rpc.DeleteRequest) => {
      await typeOf(request.getUrn()).delete?.(
        propertiesOf(request.getProperties()),
        operation(request.getUrn(), false, request.getTimeout()),
      );
      return new Empty();
    }),
  });
}

function propertiesOf(struct: Struct | undefined): PropertyMap {
  return struct?.toJavaScript() ?? {};
}

function structOf(properties: PropertyMap): Struct {
  return Struct.fromJavaScript(properties);
}

function checked(
  inputs: PropertyMap,
  failures: readonly { property: string; reason: string }[],
): rpc.CheckResponse {
  const response = new rpc.CheckResponse();
  response.setInputs(structOf(inputs));
  response.setFailuresList(
    failures.map(({ property, reason }) => {
      const failure = new rpc.CheckFailure();
      failure.setProperty(property);
      failure.setReason(reason);
      return failure;
    }),
  );
  return response;
}

const kinds: Record<Kind, { update: rpc.PropertyDiff.Kind; replace: rpc.PropertyDiff.Kind }> = {
  add: { update: rpc.PropertyDiff.Kind.ADD, replace: rpc.PropertyDiff.Kind.ADD_REPLACE },
  delete: { update: rpc.PropertyDiff.Kind.DELETE, replace: rpc.PropertyDiff.Kind.DELETE_REPLACE },
  update: { update: rpc.PropertyDiff.Kind.UPDATE, replace: rpc.PropertyDiff.Kind.UPDATE_REPLACE },
};

function differs(changes: Map<string, Kind>, type: ResourceType): rpc.DiffResponse {
  const response = new rpc.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = rpc.DiffResponse.DiffChanges;
  response.setChanges(changes.size === 0 ? DIFF_NONE : DIFF_SOME);
  response.setHasdetaileddiff(true);
  response.setDeletebeforereplace(type.deletesFirst === true);
  const detailed = response.getDetaileddiffMap();
  for (const [path, kind] of changes) {
    const replaces = type.replacesOn(path);
    const property = new rpc.PropertyDiff();
    property.setKind(kinds[kind][replaces ? "replace" : "update"]);
    detailed.set(path, property);
    response.addDiffs(path);
    if (replaces) response.addReplaces(path);
  }
  return response;
}

function engineLog(engine: EngineClient | undefined, urn: string): Log {
  async function send(severity: LogSeverity, message: string, ephemeral: boolean): Promise<void> {
    const request = new LogRequest();
    request.setSeverity(severity);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    // A message that can't be shown is lost; the operation itself continues.
    await new Promise<void>((resolve) => {
      if (engine === undefined) resolve();
      else
        engine.log(request, () => {
          resolve();
        });
    });
  }
  return {
    status: (message) => send(LogSeverity.INFO, message, true),
    warning: (message) => send(LogSeverity.WARNING, message, false),
  };
}
