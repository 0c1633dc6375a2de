import { errorOf, type Problem, type ProblemParts, warningOf } from "./problem";

/** Words for a line of the survey, by its values in the order of its kind. */
type Wording = (...values: string[]) => ProblemParts;

const restored = "up keeps a copy of it and replaces it; destroy restores it.";

/** What an `up` replaces, moves or meets; `script/README.md` has the values of each kind. */
const conflicts: Readonly<Record<string, Wording>> = {
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

/** What ends an `up` before anything is changed. */
const obstacles: Readonly<Record<string, Wording>> = {
  // Of a tool's lines the last one says most.
  failure: (...lines) => ({
    subject: lines.at(-1) ?? "",
    found: lines.length > 1 ? lines.slice(0, -1).join("\n") : undefined,
  }),
  masked: (service = "") => ({
    subject: `The service ${service} is masked`,
    fix: [`systemctl unmask ${service}   (on the host, as root)`],
    reason: "Nothing can start it.",
  }),
  "own-place": (place = "", writer = "") => ({
    subject: place,
    found: `${writer} can change it, or a directory above it`,
    allowed: "directories of root, in which group and others can't write",
    fix: [
      `namei -l ${place}   (on the host: shows owner and mode of each)`,
      "chown root DIRECTORY; chmod go-w DIRECTORY   (there, as root)",
    ],
    reason: "This program's script and records are below it, and root runs what is there.",
  }),
  "nginx-conf-unread": (path = "", tree = "") => ({
    subject: path,
    found: "braces or quotes that don't match",
    fix: [stayIncluded("the servers of others", tree), "restore the package's own nginx.conf"],
    reason: "It is unknown which sites it serves.",
  }),
  "nginx-conf": (path = "", tree = "", ...parts) => ({
    subject: path,
    found: parts.join("\n"),
    fix: [
      stayIncluded("servers, upstreams, maps and includes", tree),
      ...(parts.some((part) => /include (?:\S*\/)?default\.d/.test(part))
        ? [
            "move locations for the default server to a file elsewhere, and include it in NginxSite.snippet",
          ]
        : []),
      ...parts
        .filter((part) => /^(?:stream|mail|rtmp) \{/.test(part))
        .map((part) => `for ${part}, use another program, such as HAProxy, or another host`),
      `delete from ${path} what nobody needs any more`,
    ],
    reason: "up would replace it, and other sites would lose that.",
  }),
  "default-server": (port = "", path = "", directive = "") => ({
    subject: path,
    found: `the default server on port ${port}: ${directive}`,
    allowed: "one default server per port, as nginx demands",
    fix: [
      "remove the word default_server there",
      "or set NginxSite.defaultServer to false   (lets that server answer for unknown names)",
    ],
  }),
  "former-data": (shared = "", media = "", database = "", user = "", account = "") => {
    const commands = [
      "service uwsgi stop",
      ...(media === "" ? [] : [`mkdir -p ${shared}/media`, `cp -an ${media}/. ${shared}/media/`]),
      // After a killed process, part of the data may be in other files next to the database.
      ...(database === "" ? [] : [`mkdir -p ${shared}`, `cp -an ${database}* ${shared}/`]),
      ...(account === "new" ? [`useradd -m ${user}`] : []),
      `chown -R ${user}: ${shared}`,
    ];
    return {
      subject: "A former site runs as the service uwsgi",
      found: [media && `its uploads in ${media}`, database && `its database ${database}`]
        .filter(Boolean)
        .join("\n"),
      fix: [
        "stop it and copy them, on the host, as root:",
        `  ${commands.join(" && ")}`,
        "or only stop it: service uwsgi stop   (deploys without them)",
      ],
      reason: "up would replace it, without them.",
    };
  },
};

function stayIncluded(what: string, tree: string): string {
  return `move ${what} to ${tree}/conf.d/NAME.conf, which stays included`;
}

/**
 * The problem that a line of the host script's survey tells of; undefined for any other line.
 *
 * @throws Error for a kind that has no words here: host and program don't fit together
 */
export function surveyedProblem(line: string): Problem | undefined {
  const [word, kind = "", ...values] = line.split("\t");
  if (word !== "conflict" && word !== "obstacle") return undefined;
  const wording = (word === "conflict" ? conflicts : obstacles)[kind];
  if (wording === undefined) throw new Error(`The host reports an unknown ${word}: ${kind}`);
  return word === "conflict" ? warningOf(wording(...values)) : errorOf(wording(...values));
}
