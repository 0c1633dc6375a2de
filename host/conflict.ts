import type { ProblemParts } from "./problem";

/** Something on the host that an `up` replaces, moves or meets: its kind, and values in the order of the kind. */
type Wording = (...values: string[]) => ProblemParts;

const restored = "up keeps a copy of it and replaces it; destroy restores it.";

/** Words for what the host script's survey found; `script/README.md` has the values of each kind. */
const wordings: Readonly<Record<string, Wording>> = {
  file: (path = "") => ({
    subject: path,
    found: "a file that this program has not written",
    reason: restored,
  }),
  "nginx-conf": (path = "") => ({ subject: path, found: "edits by hand", reason: restored }),
  "nginx-conf-of": (path = "", program = "") => ({
    subject: path,
    found: `the configuration of ${program}`,
    reason: "This program only checks it, and does not change it.",
  }),
  place: (path = "", what = "", kept = "", shared = "") => ({
    subject: path,
    found: `a ${what}`,
    fix:
      shared === ""
        ? undefined
        : [`copy what the site still needs, such as db.sqlite3 and media, to ${shared}`],
    reason: `up moves it to ${kept}; destroy restores it.`,
  }),
  user: (name = "", uid = "", account = "") => ({
    subject: `The user ${name} exists`,
    found: `uid ${uid}, ${account}`,
    reason:
      "up adopts it; its home and its groups stay. destroy restores its shell and its password.",
  }),
  "server-name": (name = "", path = "") => ({
    subject: path,
    found: `another server that answers to ${name}`,
    fix: [`remove ${name} from its server_name`],
    reason: "nginx ignores the name in one of the two servers.",
  }),
  "default-server": (port = "", path = "", directive = "") => ({
    subject: path,
    found: `another default server on port ${port}: ${directive}`,
  }),
  "uwsgi-of": (program = "") => ({
    subject: "The service uwsgi",
    found: `the service of ${program}`,
    allowed: "one service uwsgi per host",
    fix: ["deploy this application to another host"],
  }),
  uwsgi: (state = "", ...files) => ({
    subject: "The service uwsgi",
    found: `${files.join(" and ")}, ${state}`,
    reason: `The first up replaces it by ours and keeps its files; destroy restores it, ${state}.`,
  }),
  locale: () => ({
    subject: "The host has neither the locale C.UTF-8 nor en_US.UTF-8",
    fix: [
      "yum -y install glibc-langpack-en   (on the host, as root)",
      "or localedef -i en_US -f UTF-8 en_US.UTF-8   (there)",
    ],
    reason: "Before Python 3.7 the application fails on file names that are not ASCII.",
  }),
  "firewall-rules": () => ({
    subject: "firewalld has direct rules",
    fix: ["firewall-cmd --direct --get-all-rules   (on the host, as root: lists them)"],
    reason: "They apply before its zones, and may block visitors.",
  }),
  "firewall-silent": (...words) => ({
    subject: "firewalld does not answer, so no port can be opened",
    reason: words.join("\n"),
  }),
};

/**
 * A conflict in words.
 *
 * @param values of the host's line, its kind first
 * @throws Error for a kind that has no words here: host and program don't fit together
 */
export function conflictOf([kind = "", ...values]: readonly string[]): ProblemParts {
  const wording = wordings[kind];
  if (wording === undefined) throw new Error(`The host reports an unknown conflict: ${kind}`);
  return wording(...values);
}
