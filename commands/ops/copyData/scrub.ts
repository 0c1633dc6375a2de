import { InvalidArgumentError, Option } from "commander";

/** One field of the copy, and what is in it in place of the data; an empty text empties it. */
export type ScrubRule = readonly [field: string, text: string];

/**
 * `--scrub`, as often as it is given.
 *
 * commander would keep its values and `--no-scrub`'s in one place, where the second drops the first.
 */
export class ScrubOption extends Option {
  constructor() {
    super(
      "--scrub <app.model.field=value>",
      "put this value in the field of every row, {pk} in it being the row's primary key; none empties it",
    );
    this.argParser(addRule);
  }

  override attributeName(): string {
    return "rules";
  }
}

/** Reads `APP.MODEL.FIELD=VALUE`. */
export function addRule(text: string, rules: readonly ScrubRule[] = []): ScrubRule[] {
  const [, field, value] = /^([A-Za-z_]\w*(?:\.[A-Za-z_]\w*){2})=([^]*)$/.exec(text) ?? [];
  if (field === undefined || value === undefined) {
    throw new InvalidArgumentError(
      "Write APP.MODEL.FIELD=VALUE, such as auth.user.first_name=Somebody; without VALUE the field is emptied.",
    );
  }
  return [...rules, [field, value]];
}

/** Reads `APP.MODEL`. */
export function addModel(text: string, models: readonly string[] = []): string[] {
  if (/^[A-Za-z_]\w*\.[A-Za-z_]\w*$/.test(text)) return [...models, text.toLowerCase()];
  throw new InvalidArgumentError("Write APP.MODEL, such as admin.logentry.");
}
