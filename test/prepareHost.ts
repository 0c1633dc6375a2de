import { ensurePython36 } from "../dev/toolchain/python36";

/** Makes, where neither pyenv nor the cache has it, the Python that tests of the host ring run. */
ensurePython36((line) => {
  console.log(`Preparing the host ring: ${line}`);
}).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
