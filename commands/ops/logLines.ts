/** Lines of several logs: whose they are, when they were written, and in which order. */

/** One line of a log. */
export interface LogLine {
  /** Path of the log on the host. */
  readonly source: string;
  readonly text: string;
  /** Milliseconds since 1970; undefined where the line says nothing. */
  readonly time: number | undefined;
}

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/**
 * When a line was written, as nginx and uWSGI say it.
 *
 * @param zone of the host, such as `+0100`: error log and uWSGI give its own time
 * @returns milliseconds since 1970; undefined where the line has no time
 */
export function timeOf(text: string, zone: string): number | undefined {
  const access = /\[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):([\d:]{8}) ([+-]\d{4})\]/.exec(text);
  if (access !== null) {
    const [, day, month, year, clock, offset] = access;
    return moment(year, month, day, clock, offset);
  }
  const error = /^(\d{4})\/(\d\d)\/(\d\d) ([\d:]{8}) /.exec(text);
  if (error !== null) {
    const [, year, month, day, clock] = error;
    return moment(year, months[Number(month) - 1], day, clock, zone);
  }
  const uwsgi = /(?:^|\[)[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) ([\d:]{8}) (\d{4})(?:\]| - )/.exec(
    text,
  );
  if (uwsgi !== null) {
    const [, month, day, clock, year] = uwsgi;
    return moment(year, month, day, clock, zone);
  }
  return undefined;
}

function moment(year = "", month = "", day = "", clock = "", zone = "+0000"): number | undefined {
  const number = String(months.indexOf(month) + 1).padStart(2, "0");
  const offset = zone.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
  const time = Date.parse(`${year}-${number}-${day.trim().padStart(2, "0")}T${clock}${offset}`);
  return Number.isNaN(time) ? undefined : time;
}

/**
 * The last lines of several logs as one, in the order of time. A line without a time stays behind the one
 * that it follows in its log, such as the lines of a traceback.
 *
 * @param since milliseconds since 1970: what is older is left out. @default everything
 */
export function merged(lines: readonly LogLine[], since = -Infinity): LogLine[] {
  const last = new Map<string, number>();
  const dated = lines.map((line) => {
    const time = line.time ?? last.get(line.source) ?? -Infinity;
    last.set(line.source, time);
    return { line, time };
  });
  return dated
    .filter(({ time }) => time >= since)
    .sort((one, other) => (one.time === other.time ? 0 : one.time - other.time))
    .map(({ line }) => line);
}

/**
 * The moment that `--since` names: a time ago (`90s`, `30m`, `2h`, `1d`), or a date (`2026-01-31`,
 * `2026-01-31T12:00Z`).
 *
 * @param now milliseconds since 1970
 * @returns milliseconds since 1970; undefined for another text
 */
export function parseSince(text: string, now: number): number | undefined {
  const ago = /^(\d+)([smhd])$/.exec(text);
  if (ago !== null) {
    const [, count, unit = ""] = ago;
    const seconds = { s: 1, m: 60, h: 3600, d: 86_400 }[unit] ?? 1;
    return now - Number(count) * seconds * 1000;
  }
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** What a line is marked by: `uwsgi`, `nginx/error`, `tracks/access`. */
export function markOf(source: string): string {
  const name = source.replace(/^.*\//, "").replace(/\.log$/, "");
  const directory = source.replace(/\/[^/]*$/, "");
  if (directory === "/var/log") return name;
  return `${directory.replace(/\/log$/, "").replace(/^.*\//, "")}/${name}`;
}

/** A text whose control characters are shown, and do nothing: a visitor may have sent them. */
export function harmless(text: string): string {
  return text.replace(/(?!\t)\p{Cc}/gu, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
