import * as pulumi from "@pulumi/pulumi";
import { parseValue, type Value } from "../host/manifest/value";
import { redacted } from "../host/secret";
import { refuseArguments } from "./ArgumentsError";

/**
 * A secret argument, checked immediately where it is plain, else when it is known. No error shows it.
 *
 * @param component class and name, such as `LinuxUser "deployer"`
 * @returns a secret output, which fails for a value that is not allowed
 * @throws {@link ArgumentsError} for a plain value that is not allowed
 */
export function secretArgument(
  component: string,
  propertyPath: string,
  kind: Value<string>,
  given: pulumi.Input<string>,
): pulumi.Output<string> {
  const checked = (value: string): string => {
    if ("refusals" in parseValue(kind, value)) {
      refuseArguments(component, [{ propertyPath, given: redacted, allowed: kind.allowed }]);
    }
    return value;
  };
  return typeof given === "string"
    ? pulumi.secret(checked(given))
    : pulumi.secret(given).apply(checked);
}
