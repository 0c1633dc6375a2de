import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDocument } from "yaml";
import type { Deployment } from "./deployment";

const passphrases = ["PULUMI_CONFIG_PASSPHRASE", "TO_PULUMI_CONFIG_PASSPHRASE"] as const;

/** A second stack of a deployment's project, whose passphrase is another one. */
export class OtherStack {
  /** Passphrase of all these stacks, which is not the deployment's. */
  private static readonly passphrase = "of-the-other-stacks";

  private constructor(
    private readonly deployment: Deployment,
    readonly name: string,
  ) {}

  /** @param settings without `tracks:` */
  static async create(
    deployment: Deployment,
    name: string,
    settings: Readonly<Record<string, string>>,
  ): Promise<OtherStack> {
    const { environment, folder } = deployment;
    const stack = new OtherStack(deployment, name);
    environment[passphrases[1]] = OtherStack.passphrase;
    await stack.asFirst(async () => {
      await deployment.succeed("stack", "init", "--no-select", name);
      const secret = ["config", "set", "--stack", name, "--secret", "tracks:deployerPassword"];
      await deployment.succeed(...secret, "a-password-of-no-use");
    });
    const file = join(folder, `Pulumi.${name}.yaml`);
    const document = parseDocument(await readFile(file, "utf8"));
    for (const [key, value] of Object.entries(settings)) {
      document.setIn(["config", `tracks:${key}`], value);
    }
    await writeFile(file, document.toString());
    return stack;
  }

  /** Does work whose stack is this one, and the deployment's the other. */
  async asFirst<T>(work: () => Promise<T>): Promise<T> {
    const { environment } = this.deployment;
    const [first, other] = passphrases.map((variable) => environment[variable] ?? "");
    Object.assign(environment, { [passphrases[0]]: other, [passphrases[1]]: first });
    try {
      return await work();
    } finally {
      Object.assign(environment, { [passphrases[0]]: first, [passphrases[1]]: other });
    }
  }
}
