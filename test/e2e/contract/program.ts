import { readFileSync } from "node:fs";
import { remote } from "@pulumi/command";
import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import { RandomId, RandomPassword } from "@pulumi/random";
import type { Connection as BenchConnection } from "./bench";
import { problemText } from "../../../host/problem";
import { openTunnel, type TunnelOptions } from "../../../host/ssh/tunnel";
import { connectionOf } from "./connectionOf";
import type { Declared } from "./declared";

/** Registers what the test has written into the file that TRACKS_CONTRACT names. */
export = async () => {
  const declared = JSON.parse(
    readFileSync(process.env.TRACKS_CONTRACT ?? "", "utf8"),
  ) as Declared[];
  let server: postgresql.Provider | undefined;
  /** Each of the resources behind the server waits for those before it. */
  const made: pulumi.Resource[] = [];
  for (const { type, name, args, secret = [], options } of declared) {
    const inputs = Object.fromEntries(
      Object.entries(args).map(([key, value]) => [
        key,
        secret.includes(key) ? pulumi.secret(value) : value,
      ]),
    );
    const behind = { ...options, ...(server && { provider: server }), dependsOn: [...made] };
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
      case "tunnel":
        await openTunnel(connectionOf(args.login as BenchConnection), {
          ...(args as unknown as Omit<TunnelOptions, "warn">),
          warn: (problem) => void pulumi.log.warn(problemText(problem)),
        });
        break;
      case "server":
        server = new postgresql.Provider(name, inputs, options);
        break;
      case "role":
        made.push(new postgresql.Role(name, inputs, behind));
        break;
      case "database":
        made.push(new postgresql.Database(name, inputs, behind));
        break;
      case "grant":
        made.push(new postgresql.Grant(name, inputs as unknown as postgresql.GrantArgs, behind));
        break;
      case "grantRole":
        made.push(
          new postgresql.GrantRole(name, inputs as unknown as postgresql.GrantRoleArgs, behind),
        );
        break;
    }
  }
};

/** JSON holds no asset: a `text`, or the `path` of a file or folder, becomes one here. */
function sourceOf({ source }: Declared["args"]): pulumi.asset.Asset | pulumi.asset.Archive {
  const given = source as { text?: string; file?: string; folder?: string };
  if (given.text !== undefined) return new pulumi.asset.StringAsset(given.text);
  if (given.file !== undefined) return new pulumi.asset.FileAsset(given.file);
  return new pulumi.asset.FileArchive(given.folder ?? "");
}
