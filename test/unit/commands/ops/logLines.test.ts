import { describe, expect, it } from "vitest";
import {
  harmless,
  type LogLine,
  markOf,
  merged,
  parseSince,
  timeOf,
} from "../../../../commands/ops/logLines";

describe("the time of a line", () => {
  it.each([
    [
      "nginx's access log, by its own offset",
      '192.0.2.7 - - [28/Nov/2026:10:00:01 +0200] "GET / HTTP/1.1" 200 5 "-" "-" "-"',
      "2026-11-28T08:00:01.000Z",
    ],
    [
      "nginx's error log, in the host's zone",
      "2026/11/28 10:00:02 [error] 12#12: *1 connect() failed",
      "2026-11-28T09:00:02.000Z",
    ],
    [
      "a request of uWSGI's",
      "[pid: 7|app: 0|req: 1/1] 192.0.2.7 () {34 vars in 409 bytes} [Sat Nov 28 10:00:03 2026] GET / => generated 5 bytes",
      "2026-11-28T09:00:03.000Z",
    ],
    [
      "uWSGI's own words, a day of one digit",
      "Sun Nov  1 10:00:04 2026 - *** Starting uWSGI ***",
      "2026-11-01T09:00:04.000Z",
    ],
  ])("%s", (_, line, expected) => {
    const time = timeOf(line, "+0100");
    expect(time && new Date(time).toISOString()).toBe(expected);
  });

  it("is nothing where the line has none", () => {
    expect(timeOf('  File "views.py", line 3, in index', "+0000")).toBeUndefined();
    expect(timeOf("2026/99/99 10:00:02 [error]", "+0000")).toBeUndefined();
  });
});

describe("several logs as one", () => {
  const line = (source: string, time: number | undefined, text: string): LogLine => ({
    source,
    time,
    text,
  });
  const lines = [
    line("uwsgi", undefined, "from an older line that is not there"),
    line("uwsgi", 20, "Traceback"),
    line("uwsgi", undefined, "ValueError"),
    line("uwsgi", 40, "end"),
    line("nginx", 10, "first"),
    line("nginx", 30, "third"),
  ];
  const texts = (found: readonly LogLine[]) => found.map(({ text }) => text);

  it("are in the order of time, and a line without a time stays after the one before it", () => {
    expect(texts(merged(lines))).toEqual([
      "from an older line that is not there",
      "first",
      "Traceback",
      "ValueError",
      "third",
      "end",
    ]);
  });

  it("begin where they are asked to, tracebacks whole", () => {
    expect(texts(merged(lines, 20))).toEqual(["Traceback", "ValueError", "third", "end"]);
  });
});

it.each([
  ["90s", 1_000_000 - 90_000],
  ["2h", 1_000_000 - 7_200_000],
  ["1d", 1_000_000 - 86_400_000],
  ["2026-01-31T12:00Z", Date.UTC(2026, 0, 31, 12)],
  ["2026-01-31", Date.UTC(2026, 0, 31)],
  ["yesterday", undefined],
  ["5", undefined],
])("--since %s", (text, expected) => {
  expect(parseSince(text, 1_000_000)).toBe(expected);
});

it.each([
  ["/var/log/uwsgi.log", "uwsgi"],
  ["/var/log/nginx/error.log", "nginx/error"],
  ["/etc/nginx/logs/domains/tracks/log/access.log", "tracks/access"],
])("%s is marked %s", (source, mark) => {
  expect(markOf(source)).toBe(mark);
});

it("shows what a visitor sent to move the cursor, and does not do it", () => {
  expect(harmless("GET /\u001b[2J\tx\u009b\r")).toBe("GET /\\x1b[2J\tx\\x9b\\x0d");
});
