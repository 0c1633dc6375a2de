import { isSecretLine } from "../../host/manifest/secretEntry";
import { manifestHeader } from "../../host/manifest/manifest";
import { secretTexts } from "../../host/secretTexts";
import { unknown } from "./plan";
import type { StackKey } from "./StackKey";

/** Stands for a value that nobody knows yet, in a text that is otherwise known. */
export const unknownValue = "tracksUnknownValue";

/** Turns texts with secrets into lines of a plan. */
export class PlanText {
  private readonly secrets: readonly string[];

  /**
   * @param key undefined where the stack has no strong secret: then a secret is unknown
   * @param secrets every secret of the stack
   */
  constructor(
    private readonly key: StackKey | undefined,
    secrets: readonly string[],
  ) {
    this.secrets = secretTexts(secrets);
  }

  /**
   * A line that should have no secret; if it has one, it is named and not shown. So is one that ends like what
   * nobody knows, which would match anything.
   */
  plain(where: string, line: string): string {
    if (line.includes(unknownValue)) return unknown;
    const isShown = !line.endsWith(unknown) && !this.secrets.some((one) => line.includes(one));
    return isShown ? line : this.secret(where, line);
  }

  secret(where: string, text: string): string {
    if (this.key === undefined || text.includes(unknownValue)) return unknown;
    return `[secret ${this.key.nameOf(where, text)}]`;
  }

  /**
   * The lines of a manifest, without the login that applies it.
   *
   * @param isSecret whether Pulumi shows nothing of it: then no line of a content is shown here either
   */
  manifest(name: string, text: string, isSecret: boolean): string[] {
    const lines: string[] = [];
    let entry = "";
    for (const line of text.trimEnd().split("\n")) {
      if (line === manifestHeader || line === "end" || /^(?:resource|via) /.test(line)) continue;
      if (!line.startsWith("|")) {
        entry = line;
        lines.push(this.plain(name, line));
      } else if (isSecret || isSecretLine(entry)) {
        lines.push(`| ${this.secret(`${name} ${entry}`, line)}`);
      } else {
        const shown = this.plain(name, line);
        lines.push(shown === line ? line : `| ${shown}`);
      }
    }
    return lines;
  }
}
