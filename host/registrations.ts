import * as pulumi from "@pulumi/pulumi";
import { type MockResourceArgs, MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import * as runtimeState from "@pulumi/pulumi/runtime/state";
import { waitForEngine } from "./waitForEngine";

/** An input of a resource. */
export interface RegisteredInput {
  /** Undefined where it is known only after other resources are there. */
  readonly value: unknown;
  readonly isSecret: boolean;
}

/** A resource that a program would register. */
export interface Registration {
  /** Pulumi's type, such as `command:remote:Command`. */
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, RegisteredInput>>;
}

/** What a resource answers with, besides its inputs. */
export type Outputs = (resource: Registration) => Readonly<Record<string, unknown>>;

/** What a program returned, and what it would register. */
export interface DryProgram<T> {
  readonly result: T;
  readonly registrations: readonly Registration[];
}

/** What of the SDK's state this file uses: it has this, but does not declare it. */
interface Store {
  readonly settings: {
    monitor?: unknown;
    engine?: unknown;
    /** Among them the names of project and stack. */
    readonly options: { monitorAddr?: string; engineAddr?: string; dryRun?: boolean };
  };
  config: unknown;
  supportsSecrets: boolean;
  supportsResourceReferences: boolean;
  supportsDeletedWith: boolean;
  supportsReplaceWith: boolean;
  supportsAliasSpecs: boolean;
}

const { withLocalStorage, getStore } = runtimeState as unknown as {
  /** The Automation API runs each inline program in a store of its own. */
  readonly withLocalStorage: <T>(work: () => Promise<T>) => Promise<T>;
  readonly getStore: () => Store;
};

/**
 * Runs a program as a preview does, but without an engine: nothing is registered, and nothing is logged. The
 * program that the engine runs, before it or after it, notices nothing.
 *
 * `pulumi.runtime.setMocks` would do the same for the whole process, and for good.
 *
 * @param program must make all its resources itself: none that another program made is known here
 * @param outputs of a resource; without one, outputs other than its inputs are unknown
 * @throws whatever the program throws
 */
export function registrationsOf<T>(
  program: () => T | Promise<T>,
  outputs: Outputs = () => ({}),
): Promise<DryProgram<T>> {
  const registrations: Registration[] = [];
  const newResource = ({ type, name, inputs, custom }: MockResourceArgs) => {
    const resource = { type, name, inputs: registeredInputs(inputs as Record<string, unknown>) };
    if (custom === true) registrations.push(resource);
    const state = { ...withoutUnknown(resource.inputs), ...outputs(resource) };
    return { id: `${name}-id`, state };
  };
  const { settings: around, config } = getStore();
  return withLocalStorage(async () => {
    const store = getStore();
    const { settings } = store;
    store.config = config;
    settings.monitor = new MockMonitor({ newResource, call: () => ({}) });
    settings.engine = quietEngine;
    Object.assign(settings.options, around.options, {
      ...{ monitorAddr: "mock", engineAddr: undefined, dryRun: true },
    });
    // As the engine that runs this program does.
    Object.assign(store, {
      ...{ supportsSecrets: true, supportsResourceReferences: true, supportsDeletedWith: true },
      ...{ supportsReplaceWith: true, supportsAliasSpecs: true },
    });
    const result = await program();
    // Of this store's program alone.
    await waitForEngine();
    return { result, registrations };
  });
}

/** Takes what the program logs. */
const quietEngine = {
  log(_request: unknown, callback: () => void): void {
    callback();
  },
};

function registeredInputs(
  inputs: Readonly<Record<string, unknown>>,
): Readonly<Record<string, RegisteredInput>> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => {
      const isSecret = pulumi.runtime.isRpcSecret(input);
      const value: unknown = isSecret ? pulumi.runtime.unwrapRpcSecret(input) : input;
      return [name, { value: pulumi.containsUnknowns(value) ? undefined : value, isSecret }];
    }),
  );
}

function withoutUnknown(inputs: Registration["inputs"]): Record<string, unknown> {
  const known = Object.entries(inputs).filter(([, { value }]) => value !== undefined);
  return Object.fromEntries(
    known.map(([name, { value, isSecret }]) => [name, isSecret ? pulumi.secret(value) : value]),
  );
}
