import { readFileSync } from "node:fs";
import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { RandomId, RandomPassword } from "@pulumi/random";
import type { Declared } from "./declared";

/** Registers what the test has written into the file that TRACKS_CONTRACT names. */
const declared = JSON.parse(readFileSync(process.env.TRACKS_CONTRACT ?? "", "utf8")) as Declared[];

for (const { type, name, args, secret = [], options } of declared) {
  const inputs = Object.fromEntries(
    Object.entries(args).map(([key, value]) => [
      key,
      secret.includes(key) ? pulumi.secret(value) : value,
    ]),
  );
  switch (type) {
    case "command":
      new remote.Command(name, inputs as unknown as remote.CommandArgs, options);
      break;
    case "copy":
      new remote.CopyToRemote(
        name,
        { ...inputs, source: sourceOf(args) } as unknown as remote.CopyToRemoteArgs,
        options,
      );
      break;
    case "password":
      new RandomPassword(name, inputs as unknown as { length: number }, options);
      break;
    case "id":
      new RandomId(name, inputs as unknown as { byteLength: number }, options);
      break;
  }
}

/** JSON holds no asset: a `text`, or the `path` of a file or folder, becomes one here. */
function sourceOf({ source }: Declared["args"]): pulumi.asset.Asset | pulumi.asset.Archive {
  const given = source as { text?: string; file?: string; folder?: string };
  if (given.text !== undefined) return new pulumi.asset.StringAsset(given.text);
  if (given.file !== undefined) return new pulumi.asset.FileAsset(given.file);
  return new pulumi.asset.FileArchive(given.folder ?? "");
}
