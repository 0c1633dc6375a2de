import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";

const commands = join(__dirname, "../../../../commands");

/** As while the engine runs: the Automation API's own execa then listens for the end, too. */
const program = `
  require("./typescript.cjs");
  const { onInterrupt } = require("./ops/onInterrupt.ts");
  onInterrupt((signal) => setTimeout(() => console.log("still here"), 300));
  const automation = require.resolve("@pulumi/pulumi/automation");
  const execa = require(require.resolve("execa", { paths: [automation] }));
  execa("sleep", ["60"]).catch(() => undefined);
  console.log("ready");
`;

it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "a program goes on at its first %s, and ends at the second, with the programs that it runs",
  async (signal) => {
    const running = execa("node", ["-e", program], { cwd: commands, reject: false });
    const printed: string[] = [];
    running.stdout.setEncoding("utf8").on("data", (text: string) => {
      for (const line of text.trimEnd().split("\n")) {
        printed.push(line);
        running.kill(signal);
      }
    });
    expect(await running).toMatchObject({ signal });
    expect(printed).toEqual(["ready", "still here"]);
  },
);
