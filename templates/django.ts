import { render } from "./render";

/** The PostgreSQL database of an application; the password is in local.py and nowhere else. */
export interface PostgresqlSettings {
  name: string;
  user: string;
  password: string;
  host: string;
  port: number;
  /** As libpq takes it, such as `verify-full`. @default libpq's own, `prefer` */
  sslmode?: string;
  /** File with the certificates of the authorities that may have signed the server's. @default none */
  sslrootcert?: string | undefined;
}

/** Arguments of {@link renderLocalSettings}. */
export interface LocalSettings {
  /** Name of the program, for the first line of the file: see `HostComponent.program`. */
  program: string;
  /** Path in the release of the link to this file; its depth says how far up the release is. */
  link: string;
  /** @default sqlite, in the file of that name */
  postgresql?: PostgresqlSettings;
  /** Path of the sqlite database, where that is used. */
  sqlite: string;
  /** @default read from {@link secretKeyFile} by the application */
  secretKey?: string;
  secretKeyFile: string;
  allowedHosts: readonly string[];
  mediaRoot: string;
}

/** settings/local.py: database, secret key, hosts and paths of one host. Secret as a whole. */
export function renderLocalSettings(settings: LocalSettings): string {
  const { postgresql } = settings;
  return render("django/local.py.hbs", {
    program: settings.program,
    levels: settings.link.split("/").length,
    postgresql: postgresql && {
      name: pythonLiteral(postgresql.name),
      user: pythonLiteral(postgresql.user),
      password: pythonLiteral(postgresql.password),
      host: pythonLiteral(postgresql.host),
      port: pythonLiteral(String(postgresql.port)),
      sslmode: postgresql.sslmode === undefined ? false : pythonLiteral(postgresql.sslmode),
      sslrootcert:
        postgresql.sslrootcert === undefined ? false : pythonLiteral(postgresql.sslrootcert),
    },
    sqlite: pythonLiteral(settings.sqlite),
    secretKey: settings.secretKey === undefined ? false : pythonLiteral(settings.secretKey),
    secretKeyFile: pythonLiteral(settings.secretKeyFile),
    allowedHosts: settings.allowedHosts.map(pythonLiteral).join(", "),
    mediaRoot: pythonLiteral(settings.mediaRoot),
  });
}

/**
 * Any text as a literal that Python 2.7 and 3 read alike: ASCII only, on one line.
 *
 * @example pythonLiteral('a"b\n') is `u"a\"b\n"`
 */
export function pythonLiteral(text: string): string {
  const escaped = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === "\\" || character === '"') return `\\${character}`;
    if (code >= 0x20 && code < 0x7f) return character;
    return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
  });
  return `u"${escaped.join("")}"`;
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0");

/** PRODUCTION=1 in the login shells of one user: for sh and the shells that read /etc/profile, and for csh and tcsh. */
export function renderProductionProfile(view: {
  program: string;
  user: string;
  shell: "sh" | "csh";
}): string {
  return render(`django/profile.${view.shell}.hbs`, view);
}
