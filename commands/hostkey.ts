import { Command, InvalidArgumentError } from "commander";
import { inStackKeys } from "../settings/argumentKeys";
import { readConnection } from "../settings/connection";
import { connectionKeys } from "../settings/keys/connection";
import { labHost } from "../settings/lab";
import { readSettings } from "../settings/read";
import { fullName } from "../settings/schema";
import { failingIn, ProblemError } from "../host/ProblemError";
import type { Login } from "../host/ssh/connection";
import { Deadline } from "../host/ssh/deadline";
import { fetchHostKeys } from "../host/ssh/hostkey";
import type { PublicKey } from "../host/ssh/publicKey";
import type { Address } from "../host/ssh/route";
import { askYes } from "./askYes";
import { tellFailure } from "./failure";
import { type OpenStack, openStack, readSource } from "./workspace";

/**
 * `npm run hostkey`: fetches the host's public key, shows its fingerprint, and pins it in the
 * stack's configuration once somebody has compared it with the host itself.
 */

interface Options {
  port?: number;
  stack?: string;
  bastion?: boolean;
  yes?: boolean;
}

async function pin(host: string | undefined, options: Options): Promise<void> {
  const stack = await stackOf(options.stack, host === undefined);
  const settings = await plainSettings(stack);
  const name = fullName(options.bastion === true ? "bastionHostKey" : "hostKey");
  const target = targetOf(host, options, settings);
  const bastion = options.bastion === true ? undefined : await bastionOf(stack, settings);

  const keys = await failingIn(inStackKeys, fetchHostKeys(target, bastion, new Deadline(30)));
  const [best] = keys;
  if (best === undefined) {
    throw new Error(`${target.address}:${target.port} shows no key that can be pinned.`);
  }
  describe(target, keys, best);
  const current = settings.get(name);
  if (current?.startsWith(best.line) === true) {
    console.log(`\n${name} already is this key.`);
    return;
  }
  if (options.yes !== true && !(await confirmed(name))) {
    console.log(`\nNothing was set. The command: pulumi config set ${name} "${best.line}"`);
    process.exitCode = 1;
    return;
  }
  const pinned = stack ?? (await openStack(undefined));
  await pinned.workspace.setConfig(pinned.name, name, { value: best.line });
  console.log(`\n${name} is set.`);
}

function describe(target: Address, keys: readonly PublicKey[], best: PublicKey): void {
  console.log(`${target.address}:${target.port} shows:\n`);
  for (const key of keys) {
    console.log(`  ${key === best ? "*" : " "} ${key.fingerprint}  ${key.type}`);
  }
  const file = best.type.replace(/^ssh-|-sha2-nistp\d+$/g, "");
  console.log(
    "\nAny machine that answers can show any key. Compare the key marked * on the host's own console:",
  );
  console.log(`  ssh-keygen -lf /etc/ssh/ssh_host_${file}_key.pub`);
  if (best.type === "ssh-rsa") {
    console.log("It is an RSA key, used with SHA-1 signatures, which Enterprise Linux 9 refuses.");
  }
}

/** Asks only where somebody can answer. */
async function confirmed(name: string): Promise<boolean> {
  return process.stdin.isTTY && askYes(`\nPin it as ${name}? Type yes: `, process.stdout);
}

/**
 * The stack named, else the selected one; undefined where there is none, and none is needed yet.
 *
 * @param isNeeded whether its settings say which host it is
 * @throws Error when it is needed or named, and can't be opened
 */
async function stackOf(
  named: string | undefined,
  isNeeded: boolean,
): Promise<OpenStack | undefined> {
  const opened = openStack(named);
  return named === undefined && !isNeeded ? opened.catch(() => undefined) : opened;
}

/** The stack's settings without its secrets, which need its passphrase; empty without a stack file. */
async function plainSettings(stack: OpenStack | undefined): Promise<Map<string, string>> {
  const file = await stack?.workspace.stackSettings(stack.name).catch(() => undefined);
  const plain = Object.entries(file?.config ?? {}).filter(([, value]) => typeof value !== "object");
  return new Map(plain.map(([name, value]) => [name, String(value)]));
}

function targetOf(
  host: string | undefined,
  options: Options,
  settings: Map<string, string>,
): Address {
  const [hostName, portName] =
    options.bastion === true ? ["bastionHost", "bastionPort"] : ["host", "hostPort"];
  const address = host ?? settings.get(fullName(hostName));
  if (address === undefined || address === labHost) {
    throw new Error(
      `Which host? Name it (npm run hostkey -- HOST), or select a stack whose ${fullName(hostName)} is set. The lab's own host needs no key to be pinned.`,
    );
  }
  // A port of the stack's settings belongs to the stack's host.
  const configured = host === undefined ? settings.get(fullName(portName)) : undefined;
  return { address, port: options.port ?? Number(configured ?? 22) };
}

/** The stack's bastion; only its login needs the stack's secrets. */
async function bastionOf(
  stack: OpenStack | undefined,
  plain: Map<string, string>,
): Promise<Login | undefined> {
  if (stack === undefined || !plain.has(fullName("bastionHost"))) return undefined;
  const source = await readSource(stack);
  const reading = readSettings(source);
  const { bastion, problems } = readConnection(source, reading);
  if (bastion !== undefined) return bastion;
  // This command is about to fetch the host's own key, and needs no setting of the site.
  const needed = Object.keys(connectionKeys)
    .filter((key) => key !== "hostKey")
    .map(fullName);
  const errors = [...reading.problems, ...problems].filter(
    ({ severity, subject }) => severity === "error" && needed.includes(subject),
  );
  throw new ProblemError("The bastion of the host can't be used with these settings", errors);
}

function port(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 65535) return number;
  throw new InvalidArgumentError("A port is a number, 1 to 65535.");
}

const program = new Command("npm run hostkey --")
  .description("Show a host's public key, and pin it in the stack's configuration when confirmed.")
  .argument("[host]", "name or address; else the stack's own")
  .option("--port <port>", "port of its SSH server; else the stack's, or 22", port)
  .option("--stack <name>", "the stack to pin it in; else the selected one")
  .option("--bastion", "fetch the bastion's key instead")
  .option("--yes", "pin it without a question: it was compared before")
  .action(pin);

program.parseAsync().catch(tellFailure);
