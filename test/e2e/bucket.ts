import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { buildFromModules } from "../../dev/toolchain/goBuild";

/** A server that answers as S3 does, with one bucket in its memory. */
export interface Bucket {
  /** What `pulumi login` takes. */
  readonly url: string;
  /** Variables with the credentials, for the CLI. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Builds the server from its Go modules, once, and returns its path. */
export function buildBucketServer(): Promise<string> {
  return buildFromModules(
    {
      title: "gofakes3",
      version: "1.2.0",
      modules: join(__dirname, "../../dev/stand-ins/bucket"),
      program: "github.com/johannesboyne/gofakes3/cmd/gofakes3",
      output: "bucket/gofakes3",
      otherwise: "leave the test of the move to a bucket out",
    },
    () => undefined,
  );
}

/** Whether this machine can build it. A pipeline must be able to. */
export async function canBuildBucketServer(): Promise<boolean> {
  return (
    process.env["CI"] === "true" || !(await execa("go", ["version"], { reject: false })).failed
  );
}

/** Starts the server on a port of this machine alone. */
export async function startBucket(program: string): Promise<Bucket> {
  const port = await freePort();
  const words = ["-backend", "memory", "-host", `127.0.0.1:${port}`, "-initialbucket", "state"];
  const server = execa(program, words, {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
    reject: false,
  });
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries > 100) throw new Error("the server of the bucket does not answer");
    await sleep(100);
  }
  return {
    url: `s3://state?region=us-east-1&endpoint=127.0.0.1:${port}&disableSSL=true&s3ForcePathStyle=true`,
    environment: { AWS_ACCESS_KEY_ID: "tests", AWS_SECRET_ACCESS_KEY: "secret-of-the-bucket" },
    stop: async () => {
      server.kill();
      await server;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/`);
    return true;
  } catch {
    return false;
  }
}
