import { randomBytes } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path/posix";
import { asAsset, type Property, type PropertyMap, reveal } from "../protocol/property";
import type { CheckFailure, Operation, ResourceType } from "../protocol/resource";
import { checkInputs, readConnection } from "./connection";
import { dial } from "./dial";
import { Sftp } from "./sftp";

/** `command:remote:CopyToRemote`: copies a file, folder or text by SFTP, and deletes nothing. */
export const copyToRemote: ResourceType = {
  replacesOn: (path) => path === "triggers",

  check: (given) => checkInputs(given, faultsOf),

  async create(inputs, operation) {
    if (!operation.preview) await copy(inputs, operation);
    return { id: randomBytes(4).toString("hex"), state: inputs };
  },

  // A changed connection copies nothing: only content and path count.
  async update(olds, inputs, operation) {
    const [before, after] = [olds, inputs].map(
      ({ source, remotePath }) => `${asAsset(source)?.hash ?? ""} ${textOf(remotePath)}`,
    );
    if (!operation.preview && before !== after) await copy(inputs, operation);
    return inputs;
  },
};

function faultsOf(inputs: PropertyMap): CheckFailure[] {
  const failures: CheckFailure[] = [];
  if (inputs["remotePath"] === undefined)
    failures.push({ property: "remotePath", reason: "is required" });
  const source = asAsset(inputs["source"]);
  if (source === undefined)
    failures.push({ property: "asset", reason: "either asset or archive must be set" });
  else if (source.kind === "archive" && source.path === undefined)
    failures.push({ property: "archive", reason: "archive must be a path to a file or directory" });
  return failures;
}

async function copy(inputs: PropertyMap, operation: Operation): Promise<void> {
  const source = asAsset(inputs["source"]);
  const remotePath = textOf(inputs["remotePath"]);
  const client = await dial(readConnection(inputs["connection"]), operation);
  try {
    const sftp = await Sftp.open(client);
    if (source?.path === undefined) await copyText(sftp, source?.text ?? "", remotePath);
    else if ((await stat(source.path)).isDirectory())
      await copyFolder(sftp, source.path, remotePath);
    else await copyFile(sftp, source.path, remotePath);
  } finally {
    client.end();
  }
}

async function copyText(sftp: Sftp, text: string, path: string): Promise<void> {
  if ((await sftp.stat(path)) === "directory")
    throw new Error(
      `remote path ${path} is a directory; when using a text asset, remotePath must be a file path`,
    );
  await sftp.makeDirectories(dirname(path));
  await sftp.copyText(text, path);
}

/** Copies into an existing directory under the file's own name, else to the path itself. */
async function copyFile(sftp: Sftp, source: string, path: string): Promise<void> {
  const found = await sftp.stat(path);
  if (found === undefined) await sftp.makeDirectories(dirname(path));
  await sftp.copyFile(source, found === "directory" ? join(path, basename(source)) : path);
}

/** Copies the folder into the path under its own name; a source that ends in `/` becomes the path itself. */
async function copyFolder(sftp: Sftp, source: string, path: string): Promise<void> {
  if ((await sftp.stat(path)) === undefined) await sftp.makeDirectories(path);
  await copyTree(sftp, source, source.endsWith("/") ? path : join(path, basename(source)));
}

async function copyTree(sftp: Sftp, source: string, path: string): Promise<void> {
  const found = await sftp.stat(path);
  if (found === "other") throw new Error(`remote path ${path} exists but is not a directory`);
  if (found === undefined) await sftp.makeDirectory(path);
  const entries = await readdir(source, { withFileTypes: true });
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const [from, to] = [join(source, entry.name), join(path, entry.name)];
    if (entry.isDirectory()) await copyTree(sftp, from, to);
    else await sftp.copyFile(from, to);
  }
}

function textOf(value: Property | undefined): string {
  const plain = reveal(value ?? null);
  return typeof plain === "string" ? plain : "";
}
