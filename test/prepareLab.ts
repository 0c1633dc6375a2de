import { ensureBase } from "../dev/lab/base";
import { ensureToolchain } from "../dev/toolchain/toolchain";

/** Makes, where the cache has none, what every test of a lab needs: the hosts' base, and the tools. */
async function main(): Promise<void> {
  const onProgress = (line: string): void => {
    console.log(`Preparing the lab: ${line}`);
  };
  await Promise.all([ensureBase({ onProgress }), ensureToolchain({ onProgress })]);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
