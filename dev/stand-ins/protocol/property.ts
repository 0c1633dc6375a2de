/**
 * Property values as the engine sends them: JSON in which a signature marks what JSON cannot say
 * (secrets, outputs, assets) and a fixed text stands for a value that is not known yet.
 */
export type Property = null | boolean | number | string | Property[] | PropertyMap;
/** Object on the wire; also the inputs or outputs of a resource as a whole. */
export interface PropertyMap {
  [key: string]: Property;
}

const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const assetSignature = "c44067f5952c0a294b673a41bacd8c17";
const archiveSignature = "0def7320c3a5731c473e5ecbe6d01bc7";

/** Placeholder of a string that is not known in the preview. */
export const unknownString = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** Placeholders of unknown values, one for each type that the value may have. */
const unknowns = new Set([
  unknownString,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** Local file, folder or text that a resource copies. */
export interface Asset {
  kind: "asset" | "archive";
  /** The engine's digest of the content, by which a change is recognised. */
  hash: string;
  path?: string;
  text?: string;
}

export function isMap(value: Property | undefined): value is PropertyMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSecret(value: Property | undefined): boolean {
  return isMap(value) && value[signatureKey] === secretSignature;
}

/** Marks a value as secret, unless it is marked already. */
export function secret(value: Property): Property {
  return isSecret(value) ? value : { [signatureKey]: secretSignature, value };
}

/** The same value without marks of secrecy, at any depth. */
export function reveal(value: Property): Property {
  if (Array.isArray(value)) return value.map(reveal);
  if (!isMap(value)) return value;
  const signature = value[signatureKey];
  if (signature === secretSignature || signature === outputSignature)
    return reveal(value["value"] ?? unknownString);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, reveal(inner)]));
}

export function isUnknown(value: Property | undefined): boolean {
  return typeof value === "string" && unknowns.has(value);
}

/** Reads an asset or archive; anything else is undefined. */
export function asAsset(value: Property | undefined): Asset | undefined {
  if (!isMap(value)) return undefined;
  const signature = value[signatureKey];
  if (signature !== assetSignature && signature !== archiveSignature) return undefined;
  const { hash, path, text } = value;
  return {
    kind: signature === assetSignature ? "asset" : "archive",
    hash: typeof hash === "string" ? hash : "",
    ...(typeof path === "string" && path !== "" ? { path } : {}),
    ...(typeof text === "string" && text !== "" ? { text } : {}),
  };
}

/** Whether the engine would send this as one value, though it travels as an object. */
export function isSigned(value: Property): boolean {
  return isMap(value) && value[signatureKey] !== undefined;
}
