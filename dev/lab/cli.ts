import { Command } from "commander";
import { join } from "node:path";
import { execa } from "execa";
import { hostFolder } from "./folders";
import { insideCommand } from "./guest";
import { down, list, reboot, runningHost, up } from "./host";
import { installPackages, missingPackages } from "./install";
import { writeKnownHosts } from "./knownHosts";

const program = new Command("lab")
  .description("throwaway hosts shaped like Enterprise Linux 9, on this machine (Linux, root)")
  .enablePositionalOptions();
const NAME = "[name]";
const say = (line: string): void => void process.stderr.write(`${line}\n`);

program
  .command("up")
  .description("create the host, unless it runs already; the first one builds the base (a minute)")
  .argument(NAME, "the host's name", "dev")
  .option("--machine", "a virtual machine, on which SELinux is enforcing (slow)")
  .action(async (name: string, options: { machine?: boolean }) => {
    const shape = options.machine ? "el9-machine" : "el9";
    const interrupted = new AbortController();
    process.once("SIGINT", () => {
      say(`interrupted: removing ${name}`);
      interrupted.abort(new Error("interrupted"));
    });
    const start = Date.now();
    const host = await up(name, { shape, onProgress: say, signal: interrupted.signal });
    say(`${name} answers at ${host.address} after ${((Date.now() - start) / 1000).toFixed(1)} s`);
    say(`try: npm run lab -- ssh ${name}`);
  });

program
  .command("down")
  .description("stop the host and remove everything of it")
  .argument(NAME, "the host's name", "dev")
  .option("--all", "every host of this checkout")
  .action(async (name: string, options: { all?: boolean }) => {
    const names = options.all ? (await list()).map((entry) => entry.name) : [name];
    for (const each of names) {
      await down(each);
      say(`removed ${each}`);
    }
  });

program
  .command("status")
  .description("show this checkout's hosts")
  .action(async () => {
    const hosts = await list();
    for (const { name, state, host } of hosts) {
      process.stdout.write(`${name}\t${state}\t${host?.address ?? "-"}\n`);
    }
    if (hosts.length === 0) say("no hosts; create one: npm run lab -- up");
  });

program
  .command("reboot")
  .description("reboot the host and wait until it answers")
  .argument(NAME, "the host's name", "dev")
  .action(reboot);

program
  .command("ssh")
  .description("log in over ssh, with the host's key pinned")
  .argument(NAME, "the host's name", "dev")
  .option("-l, --login <user>", "root, admin (sudo) or operator (sudo with a password)", "root")
  .argument("[command...]", "run this instead of a shell")
  .passThroughOptions()
  .action(async (name: string, command: string[], options: { login: string }) => {
    const host = await runningHost(name);
    const knownHosts = await writeKnownHosts(host, join(hostFolder(name), "known_hosts"));
    await attach("ssh", [
      ...["-i", host.identityFile, "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes"],
      ...["-o", `UserKnownHostsFile=${knownHosts}`, `${options.login}@${host.address}`, ...command],
    ]);
  });

program
  .command("exec")
  .description("run a command as root inside the host, without ssh")
  .argument(NAME, "the host's name", "dev")
  .argument("[command...]", "a shell when left out")
  .passThroughOptions()
  .action(async (name: string, command: string[]) => {
    const host = await runningHost(name);
    const inside = command.length === 0 ? ["bash", "-l"] : command;
    const [program, ...args] = await insideCommand(host, inside, { terminal: process.stdin.isTTY });
    await attach(program, args);
  });

program
  .command("install")
  .description("install the Debian packages that the lab needs on this machine")
  .action(async () => {
    if (missingPackages().length === 0) say("nothing is missing");
    await installPackages({ onProgress: say });
  });

/** Gives the terminal to a program, and its exit code to us. */
async function attach(command: string, args: string[]): Promise<void> {
  const { exitCode } = await execa(command, args, { stdio: "inherit", reject: false });
  process.exitCode = exitCode ?? 255;
}

program.parseAsync().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
