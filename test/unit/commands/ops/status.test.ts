import { expect, it } from "vitest";
import { describeStatus, duration, readStatus } from "../../../../commands/ops/status";
import { parseReport } from "../../../../host/facts";
import { check } from "../../settings/configuration";

const { configuration } = check({ sourceUrl: "https://git.example.org/tracks.git" });
const site = { stack: "production", configuration, connection: configuration.connection };

const fine = [
  "fact service/uwsgi enabled running",
  "fact process/uwsgi 410 7500 16",
  "fact service/nginx enabled running",
  "fact process/nginx 500 90 2",
  "fact site 200 release=0123456789ab",
  "fact release 0123456789ab 1764374400",
  "fact workers busy=1 idle=15",
  "fact disk// 41 20971520",
  "ok nginx",
  "manifest nginx",
  " drift is no word of a report here",
];

/** The same with other lines in the place of those that begin alike. */
function read(...changes: string[]) {
  const begins = (line: string) => line.split(" ").slice(0, 2).join(" ");
  const changed = new Set(changes.map(begins));
  const lines = [...fine.filter((line) => !changed.has(begins(line))), ...changes];
  return readStatus(site, parseReport("", lines.join("\n")));
}

it("tells that the site is fine in one line, below what is known", () => {
  const status = read();
  expect(status).toMatchObject({ isFine: true, problems: [], drift: [] });
  expect(describeStatus(site, status, Date.parse("2025-11-30T03:20:00Z"))).toBe(
    [
      "stack    production, host tracks.stowers.org",
      "uwsgi    runs as 410 for 2 h 5 min, 16 workers",
      "nginx    runs as 500 for 1 min, 2 workers",
      "workers  1 busy, 15 idle",
      "release  0123456789ab, since 2025-11-29T00:00:00.000Z (1 d 3 h)",
      "disk     /: 41 % used, 20480 MB left",
      "",
      "The site tracks.stowers.org is fine.",
    ].join("\n"),
  );
});

it.each<[line: string, subject: string, found: string | undefined, fix: string]>([
  [
    "fact service/uwsgi enabled stopped",
    "uwsgi does not run",
    undefined,
    "npm run ops -- start --stack production uwsgi",
  ],
  [
    "fact service/nginx disabled running",
    "nginx does not start at boot",
    undefined,
    "pulumi up --stack production",
  ],
  [
    "fact site 502 release=none",
    "The site does not answer as it should",
    "the status 502, to a request on the host itself",
    "npm run ops -- logs --stack production --no-follow",
  ],
  [
    "fact site silent release=none",
    "The site does not answer as it should",
    "no answer to a request on the host itself",
    "npm run ops -- logs --stack production --no-follow",
  ],
  [
    "fact site 200 release=ba9876543210",
    "uWSGI serves another release than the current one",
    "ba9876543210 answers, and 0123456789ab is the current one",
    "npm run ops -- reload --stack production uwsgi",
  ],
  [
    "fact workers busy=16",
    "All 16 workers of uWSGI are busy",
    undefined,
    "npm run ops -- logs --stack production   (shows what they do)",
  ],
  [
    "fact disk// 93 1048576",
    "The disk of / is nearly full",
    "93 % are used, 1024 MB are left",
    "make room there, or a larger disk",
  ],
  [
    "fact interrupted/nginx tracks.production/nginx",
    "A run that changed nginx was interrupted",
    "its resource is tracks.production/nginx",
    "npm run recover -- --stack production",
  ],
  [
    "drift robots\t/microarray/robots/robots.txt\tcontent differs",
    "robots has drifted",
    "/microarray/robots/robots.txt: content differs",
    "pulumi up --stack production",
  ],
])("%s: is told with its fix", (line, subject, found, fix) => {
  const status = read(line);
  expect(status.isFine).toBe(false);
  expect(status.problems).toHaveLength(1);
  expect(status.problems[0]).toMatchObject({ severity: "error", subject });
  expect(status.problems[0]?.found).toBe(found);
  expect(status.problems[0]?.fix?.[0]).toBe(fix);
  const text = describeStatus(site, status, 0);
  expect(text).toContain("\nThe site tracks.stowers.org is not fine:\n\n");
  expect(text).toContain(`\n  ${subject}\n`);
  expect(text).toContain(`\n    fix:     ${fix}`);
});

it("has what drifted by name, and how, a resource each", () => {
  const { drift, problems } = read(
    'drift nginx-1a2b3c\tservice nginx\tis "enabled stopped", not "enabled running"',
    "drift nginx-1a2b3c\t/etc/nginx/nginx.conf\tcontent differs",
  );
  const differences = [
    { name: "service nginx", reason: 'is "enabled stopped", not "enabled running"' },
    { name: "/etc/nginx/nginx.conf", reason: "content differs" },
  ];
  expect(drift).toEqual([{ resource: "nginx-1a2b3c", differences }]);
  expect(problems.map(({ found }) => found)).toEqual([
    'service nginx: is "enabled stopped", not "enabled running"\n/etc/nginx/nginx.conf: content differs',
  ]);
});

it("says which run changes the host meanwhile, with which not everything may be fine", () => {
  const run = "pid 4711 (operate tracks.production/services, since 2026-01-31T12:00:00Z)";
  const changing = ["fact changing/application ", "fact changing/uwsgi "].map((line) => line + run);
  const fineMeanwhile = read(...changing);
  expect(fineMeanwhile).toMatchObject({
    isFine: true,
    changing: [
      { subsystem: "application", by: run },
      { subsystem: "uwsgi", by: run },
    ],
  });
  expect(describeStatus(site, fineMeanwhile, 0)).toContain(`\nchanging  application: ${run}\n`);
  expect(describeStatus(site, fineMeanwhile, 0)).toMatch(/ is fine\.$/);
  const stopped = read(...changing, "fact service/uwsgi enabled stopped");
  expect(describeStatus(site, stopped, 0)).toContain(
    "\nThe site tracks.stowers.org is not fine while a run changes it; ask again when that has ended:\n\n  uwsgi does not run\n",
  );
});

it("does not blame the site's answer on a service that is stopped", () => {
  const status = read("fact service/nginx enabled stopped", "fact site silent release=none");
  expect(status.problems.map(({ subject }) => subject)).toEqual(["nginx does not run"]);
});

it.each([
  [59_999, "59 s"],
  [61_000, "1 min"],
  [3 * 3_600_000, "3 h 0 min"],
  [50 * 3_600_000, "2 d 2 h"],
  [-5, "0 s"],
])("%i ms are %s", (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});
