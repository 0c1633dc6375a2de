import { program } from "commander";
import { ensureToolchain } from "./toolchain";

program
  .name("tools")
  .description("Gets the Pulumi CLI and its plugins ready on this machine and tells what they are.")
  .option("--env", "print the variables to set too, as NAME=VALUE")
  .action(async (options: { env?: boolean }) => {
    const { description, env } = await ensureToolchain({
      onProgress: (line) => {
        console.log(line);
      },
    });
    console.log(description);
    if (options.env)
      for (const [name, value] of Object.entries(env)) console.log(`${name}=${value}`);
  });

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
