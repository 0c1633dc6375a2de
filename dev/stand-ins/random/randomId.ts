import { randomBytes } from "node:crypto";
import { reveal, unknownString } from "../protocol/property";
import type { ResourceType } from "../protocol/resource";

/** `random:index/randomId:RandomId`: random bytes in four notations, each with the prefix. */
export const randomId: ResourceType = {
  replacesOn: () => true,

  check(inputs) {
    const given = reveal(inputs["byteLength"] ?? null);
    const failures =
      given === null
        ? [{ property: "byteLength", reason: "is required" }]
        : typeof given === "number" && given < 1
          ? [{ property: "byteLength", reason: "expected a number of at least 1" }]
          : [];
    return { inputs, failures };
  },

  create(inputs, { preview }) {
    if (preview) {
      const unknown = { b64Std: unknownString, b64Url: unknownString };
      const state = { ...inputs, ...unknown, dec: unknownString, hex: unknownString };
      return Promise.resolve({ id: "", state });
    }
    const bytes = randomBytes(Number(reveal(inputs["byteLength"] ?? 0)));
    const hex = bytes.toString("hex");
    const revealed = reveal(inputs["prefix"] ?? null);
    const prefix = typeof revealed === "string" ? revealed : "";
    const id = bytes.toString("base64url");
    const state = {
      ...inputs,
      b64Std: prefix + bytes.toString("base64"),
      b64Url: prefix + id,
      dec: prefix + BigInt(`0x${hex}`).toString(),
      hex: prefix + hex,
    };
    return Promise.resolve({ id, state });
  },
};
