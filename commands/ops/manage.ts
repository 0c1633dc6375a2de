import type { Command } from "commander";
import { startAsRoot } from "../../host/ssh/process";
import { managed } from "./environment";
import { passThrough } from "./passThrough";
import type { Site } from "./site";
import { addVerb, passWordsOn, type StackOption } from "./verb";

/** `manage`, `shell`, `dbshell` and `createsuperuser`: manage.py as the service runs the application. */

interface Options extends StackOption {
  readonly dev?: boolean;
}

const notes =
  "It runs as the application's user, in the virtualenv, with exactly the service's variables. With --dev it runs\nwithout PRODUCTION: the development settings, and the sqlite file.";

export function addManage(program: Command): void {
  const manageVerb = addVerb(program, "manage", {
    does: "run manage.py of the deployed release",
    examples: [
      "check --deploy",
      "showmigrations roasted",
      "--dev migrate",
      "--stack production test",
    ],
    notes: `${notes} Options of this program stand before those of manage.py.`,
  })
    .argument("<args...>", "what manage.py is given")
    .option("--dev", "without PRODUCTION");
  passWordsOn(manageVerb).action((words: string[], options: Options) => manage(words, options));
  addFixed(program, "shell", "open Django's Python shell");
  addFixed(program, "dbshell", "open the database's own shell, psql or sqlite3", clientDirectories);
  addFixed(program, "createsuperuser", "make a user who may do everything in the admin pages");
}

function addFixed(
  program: Command,
  name: string,
  does: string,
  path: (site: Site) => string[] = () => [],
): void {
  const verb = addVerb(program, name, {
    does,
    examples: ["", "--dev", "--stack production"],
    notes,
  })
    .argument("[args...]", "what manage.py is given besides")
    .option("--dev", "without PRODUCTION")
    // The first of manage.py's words may be an option.
    .allowUnknownOption();
  passWordsOn(verb).action((words: string[], options: Options) =>
    manage([name, ...words], options, path),
  );
}

async function manage(
  words: readonly string[],
  { stack, dev }: Options,
  path: (site: Site) => string[] = () => [],
): Promise<void> {
  await passThrough(stack, async (site, session, terminal) => {
    const command = await managed(site, session, words, {
      ...(dev === true && { dev }),
      ...(terminal && { terminal: terminal.type }),
      path: path(site),
    });
    return startAsRoot(session, site.connection, command, terminal);
  });
}

/** Where psql may be besides PATH: what the stack's settings say, and the notes' place. */
function clientDirectories({ configuration }: Site): string[] {
  const binaries = configuration.application?.database?.binaries;
  return [
    ...(binaries === undefined || binaries === "auto" ? [] : [binaries]),
    "/usr/local/bin",
    "/usr/local/pgsql/bin",
  ];
}
