import { program } from "commander";
import { ensureToolchain } from "./toolchain";

program
  .name("tools")
  .description("Gets the Pulumi CLI and its plugins ready on this machine and tells what they are.")
  .action(async () => {
    const toolchain = await ensureToolchain({
      onProgress: (line) => {
        console.log(line);
      },
    });
    console.log(toolchain.description);
    console.log(toolchain.pulumi);
  });

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
