import { randomBytes } from "node:crypto";
import {
  isMap,
  type Property,
  type PropertyMap,
  reveal,
  unknownString,
} from "../protocol/property";
import type { CheckFailure, Operation, ResourceType } from "../protocol/resource";
import { checkInputs, readConnection } from "./connection";
import { dial } from "./dial";
import { type Logging, runCommand } from "./run";

const texts = new Set(["create", "update", "delete", "stdin"]);
const loggings: readonly string[] = ["stdout", "stderr", "stdoutAndStderr", "none"];

/** `command:remote:Command`: runs `create`, `update` (else `create` again) and `delete` by SSH. */
export const remoteCommand: ResourceType = {
  // A change of an array is reported by the paths of its elements, and none of these replaces; the
  // SDK asks the engine to replace, with replaceOnChanges of `triggers[*]`.
  replacesOn: (path) => path === "triggers",

  check: (given) => checkInputs(given, faultsOf),

  async create(inputs, operation) {
    const id = operation.name + randomBytes(4).toString("hex");
    if (operation.preview)
      return { id, state: { ...inputs, stdout: unknownString, stderr: unknownString } };
    return { id, state: await perform(textOf(inputs["create"]), inputs, {}, operation) };
  },

  async update(olds, inputs, operation) {
    if (operation.preview) return { ...inputs, stdout: unknownString, stderr: unknownString };
    const command = textOf(inputs["update"]) ?? textOf(inputs["create"]);
    return perform(command, inputs, olds, operation);
  },

  async delete(state, operation) {
    const command = textOf(state["delete"]);
    if (command !== undefined) await perform(command, state, state, operation);
  },
};

function faultsOf(inputs: PropertyMap): CheckFailure[] {
  return Object.entries(inputs).flatMap(([property, value]): CheckFailure[] => {
    const plain = reveal(value);
    if (texts.has(property))
      return typeof plain === "string" ? [] : [{ property, reason: "expected a string" }];
    switch (property) {
      case "logging":
        return typeof plain === "string" && loggings.includes(plain)
          ? []
          : [{ property, reason: `expected one of ${loggings.join(", ")}` }];
      case "connection":
      case "triggers":
      case "environment":
      case "addPreviousOutputInEnv":
        return [];
      default:
        return [{ property, reason: "is not an input of remote.Command" }];
    }
  });
}

/**
 * Runs a command and returns the state after it; without a command, connects to no host and keeps the
 * outputs.
 */
async function perform(
  command: string | undefined,
  inputs: PropertyMap,
  before: PropertyMap,
  operation: Operation,
): Promise<PropertyMap> {
  const kept = { stdout: before["stdout"] ?? "", stderr: before["stderr"] ?? "" };
  if (command === undefined) return { ...inputs, ...kept };
  const client = await dial(readConnection(inputs["connection"]), operation);
  await refuseEnvironment(inputs, kept, operation);
  const logging = textOf(inputs["logging"]) ?? "stdoutAndStderr";
  const outputs = await runCommand(client, command, {
    stdin: textOf(inputs["stdin"]) ?? "",
    logging: logging as Logging,
    log: operation.log,
  });
  return { ...inputs, ...outputs };
}

/**
 * Behaves as with an sshd without AcceptEnv for these names, which is the default: `environment` fails,
 * and the former outputs are left out with a warning.
 */
async function refuseEnvironment(
  inputs: PropertyMap,
  kept: { stdout: Property; stderr: Property },
  operation: Operation,
): Promise<void> {
  const environment = reveal(inputs["environment"] ?? null);
  const [name] = isMap(environment) ? Object.keys(environment) : [];
  if (name !== undefined)
    throw new Error(`could not set environment variable "${name}": ssh: setenv failed`);
  if (reveal(inputs["addPreviousOutputInEnv"] ?? null) === false) return;
  for (const [key, value] of Object.entries(kept)) {
    const variable = `PULUMI_COMMAND_${key.toUpperCase()}`;
    if (textOf(value) !== undefined && textOf(value) !== "")
      await operation.log.warning(
        `Unable to set '${variable}': the SSH server does not accept it (AcceptEnv)`,
      );
  }
}

function textOf(value: Property | undefined): string | undefined {
  const plain = reveal(value ?? null);
  return typeof plain === "string" ? plain : undefined;
}
