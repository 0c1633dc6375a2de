import * as pulumi from "@pulumi/pulumi";
import { beforeAll } from "vitest";

/** A resource that a program has registered. */
export interface Registered {
  type: string;
  name: string;
  /** Given where it is adopted. */
  id: string | undefined;
  inputs: Inputs;
}

interface Inputs extends Record<string, unknown> {
  create?: string;
  update?: string;
  delete?: string;
  stdin?: string;
  remotePath?: string;
  triggers?: string[];
}

/** Pulumi's mocks in place of an engine: nothing is made, and what is registered can be looked at. */
export class MockedEngine {
  /** In the order of registration. */
  readonly registered: Registered[] = [];

  /**
   * Call it where hooks are allowed: at the top of a file, or of a group of tests.
   *
   * @param outputs what a resource answers with; default: its inputs
   */
  constructor(
    outputs: (resource: Registered) => object | Promise<object> = ({ inputs }) => inputs,
  ) {
    const newResource = async (args: pulumi.runtime.MockResourceArgs) => {
      const { type, name, id } = args;
      const resource = { type, name, id, inputs: args.inputs as Inputs };
      this.registered.push(resource);
      const state = (await outputs(resource)) as Record<string, unknown>;
      return { id: `${name}-id`, state };
    };
    // Before the tests of the file, or group, that made it: others may have one of their own in the same process.
    beforeAll(() => pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "tracks", "test"));
  }

  /** Forgets what was registered, before the next program; waits for what the last one still registers. */
  async clear(): Promise<void> {
    await this.settled();
    this.registered.length = 0;
  }

  /** Waits until the program has registered everything. */
  async settled(): Promise<void> {
    await pulumi.runtime.disconnect();
  }

  /** The commands on the host so far. */
  commands(): Registered[] {
    return this.registered.filter(({ type }) => type === "command:remote:Command");
  }

  /** The inputs of the last resource of that name; none of a resource that is not registered. */
  inputs(name: string): Inputs {
    return this.registered.findLast((one) => one.name === name)?.inputs ?? {};
  }

  /** Waits until the program has registered everything, and returns the named command. */
  async command(name: string): Promise<Registered> {
    await this.settled();
    const found = this.commands().find((one) => one.name === name);
    if (found !== undefined) return found;
    const names = this.registered.map((one) => one.name).join(", ");
    throw new Error(`no command "${name}" among ${names}`);
  }
}
