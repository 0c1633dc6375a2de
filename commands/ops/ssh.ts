import type { Command } from "commander";
import { startAsLogin, startAsRoot } from "../../host/ssh/process";
import { passThrough } from "./passThrough";
import { addVerb, passWordsOn, type StackOption } from "./verb";

/** `ssh`: a shell on the host, reached as a deployment reaches it. */

interface Options extends StackOption {
  readonly deployer?: boolean;
}

export function addSsh(program: Command): void {
  const verb = addVerb(program, "ssh", {
    does: "log in to the host, through its bastion where it has one, with the host's key pinned",
    examples: ["", "--deployer", "uname -r", "--stack production df -h /"],
  })
    .argument("[command...]", "run this instead of a shell")
    .option("--deployer", "as the login that the site belongs to, in a login shell of its own");
  passWordsOn(verb).action((words: string[], { stack, deployer }: Options) =>
    passThrough(stack, (site, session, terminal) => {
      const { connection, configuration } = site;
      if (deployer !== true) return startAsLogin(session, connection, words, terminal);
      const { user } = configuration.deployer;
      // A command's words stay words: the shell there is handed them one by one.
      const command = words.length === 0 ? [] : ["-c", `exec "$0" "$@"`, "--", ...words];
      const login = ["runuser", "-l", user, ...command];
      return startAsRoot(session, connection, login, terminal);
    }),
  );
}
