import type { Mask } from "./mask";

/**
 * The job's log, for what others say (the engine, the host): whole lines, without secrets, and none that GitHub's
 * runner takes for a command, such as `::set-output`.
 *
 * @see https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
export class JobLog {
  /** A line whose end has not come yet: half of a secret would not be found. */
  private begun = "";

  /** @param write prints a text, such as `process.stdout.write` */
  constructor(
    private readonly mask: Mask,
    private readonly write: (text: string) => void,
  ) {}

  take(text: string): void {
    const all = this.begun + text;
    const end = all.lastIndexOf("\n") + 1;
    this.begun = all.slice(end);
    this.print(all.slice(0, end));
  }

  /** Prints what has no end of a line. */
  end(): void {
    this.print(this.begun);
    this.begun = "";
  }

  private print(text: string): void {
    if (text !== "") this.write(withoutCommands(this.mask(text)));
  }
}

/**
 * The runner looks for `::` where a line begins, also behind a carriage return, and for `##[` anywhere. What .NET takes
 * for a blank there is what `\s` has here, and NEL.
 */
function withoutCommands(text: string): string {
  return text.replace(/^([\s\u0085]*):(?=:)/gm, "$1: ").replaceAll("##[", "## [");
}
