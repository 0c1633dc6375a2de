import { once } from "node:events";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import {
  checkServerIdentity,
  connect,
  type ConnectionOptions,
  type DetailedPeerCertificate,
  type PeerCertificate,
  type TLSSocket,
} from "node:tls";
import type { SslMode } from "../manifest/values";
import type { Deadline } from "./deadline";
import { HostError } from "./error";

/** TLS with one server, and what the server must prove. */
export interface PostgresTls {
  /** Its name or address as it is configured, whatever the tunnel calls it. */
  readonly host: string;
  readonly port: number;
  /** What to check in the certificate: nothing, who signed it, or also whose it is. */
  readonly check: "nothing" | "authority" | "name";
  /** Certificates of the authorities that may have signed it, in PEM; needed unless nothing is checked. */
  readonly authorities?: string | undefined;
}

/**
 * The ways to connect that a mode allows, the preferred one first; `undefined` is one without TLS.
 *
 * @param server the server, and the certificates for `verify-ca` and `verify-full`
 */
export function waysOf(
  mode: SslMode,
  server: Pick<PostgresTls, "host" | "port" | "authorities">,
): readonly (PostgresTls | undefined)[] {
  const tls = (check: PostgresTls["check"]): PostgresTls => ({ ...server, check });
  switch (mode) {
    case "disable":
      return [undefined];
    case "allow":
      return [undefined, tls("nothing")];
    case "prefer":
      return [tls("nothing"), undefined];
    case "require":
      return [tls("nothing")];
    case "verify-ca":
      return [tls("authority")];
    case "verify-full":
      return [tls("name")];
  }
}

/** The message that asks a server for TLS: its length, and a number that is no version. */
const request = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/**
 * Asks the server at the other end for TLS, and checks its certificate.
 *
 * @returns the encrypted stream; it owns the given one, which is destroyed on a failure
 * @throws {@link HostError} of kind `tls-absent` or `tls-refused`
 */
export async function startTls(
  stream: Duplex,
  tls: PostgresTls,
  deadline: Deadline,
): Promise<TLSSocket> {
  try {
    return await deadline.race(
      negotiate(stream, tls),
      () =>
        new HostError("unreachable", {
          subject: `PostgreSQL at ${where(tls)} stopped answering during the TLS handshake`,
        }),
    );
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

async function negotiate(stream: Duplex, tls: PostgresTls): Promise<TLSSocket> {
  stream.write(request);
  const [answer] = (await Promise.race([
    once(stream, "data"),
    once(stream, "close").then(() => [Buffer.alloc(0)]),
  ])) as [Buffer];
  stream.pause();
  // Exactly one byte: anything after it would become part of the encrypted stream.
  if (answer.toString("latin1") !== "S") throw absent(tls);
  const socket = connect({ socket: stream, ...checks(tls) });
  socket.once("close", () => stream.destroy());
  let shown: DetailedPeerCertificate | undefined;
  // Before it is checked: a certificate that is refused can't be asked for afterwards.
  socket.prependOnceListener("secure", () => {
    shown = socket.getPeerCertificate(true);
  });
  try {
    await once(socket, "secureConnect");
  } catch (error) {
    throw refused(tls, error, shown);
  }
  return socket;
}

function checks({ host, check, authorities }: PostgresTls): ConnectionOptions {
  const name = isIP(host) === 0 ? { servername: host } : {};
  if (check === "nothing") return { ...name, rejectUnauthorized: false };
  return {
    ...name,
    ca: authorities ?? [],
    checkServerIdentity: (_, certificate) =>
      check === "name" ? checkServerIdentity(host, certificate) : undefined,
  };
}

function absent(tls: PostgresTls): HostError {
  return new HostError("tls-absent", {
    subject: `PostgreSQL at ${where(tls)} offers no TLS`,
    given: "TLS, by PostgresDatabase.external.sslMode",
    fix: [
      "ssl = on   (with a certificate, in its postgresql.conf; then reload it)",
      "set PostgresDatabase.external.sslMode to disable   (only where nobody else can listen between host and server)",
    ],
  });
}

function refused(
  tls: PostgresTls,
  error: unknown,
  shown: DetailedPeerCertificate | undefined,
): HostError {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const certificate = `The certificate of PostgreSQL at ${where(tls)}`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return new HostError("tls-refused", {
      subject: `${certificate} is not for ${tls.host}`,
      given: "PostgresDatabase.external.sslMode is verify-full",
      found: namesIn(error),
      fix: [
        "set PostgresDatabase.external.host to a name that the certificate has",
        `or give the server a certificate for ${tls.host}`,
        "or set PostgresDatabase.external.sslMode to verify-ca, which checks no name",
      ],
    });
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return new HostError("tls-refused", {
      subject: `${certificate} ${untimely(code, shown)}`,
      fix: [
        "give the server a certificate that is valid now, with its intermediate ones, and reload it",
        "or, if this one is valid, correct the clock of the machine that runs pulumi",
      ],
    });
  }
  if (code.startsWith("ERR_") || code === "ECONNRESET" || code === "EPIPE") {
    return new HostError("tls-refused", {
      subject: `TLS with PostgreSQL at ${where(tls)} fails`,
      fix: [
        "check ssl_min_protocol_version, ssl_max_protocol_version and ssl_ciphers in its postgresql.conf",
      ],
      reason: message,
    });
  }
  return new HostError("tls-refused", {
    subject: `${certificate} is signed by none of PostgresDatabase.external.authorities`,
    allowed: "the certificate of the authority that signed it, with the intermediate ones",
    fix: ["put these into PostgresDatabase.external.authorities"],
    reason: `${message} (${code})`,
  });
}

/** Says which date is wrong: the server's own, or that of a certificate above it. */
function untimely(code: string, shown: DetailedPeerCertificate | undefined): string {
  const now = Date.now();
  const isLate = code === "CERT_HAS_EXPIRED";
  const isWrong = ({ valid_from, valid_to }: DetailedPeerCertificate): boolean =>
    isLate ? Date.parse(valid_to) < now : Date.parse(valid_from) > now;
  let wrong = shown;
  // The last one is its own issuer, or has none.
  while (wrong !== undefined && !isWrong(wrong)) {
    const above: DetailedPeerCertificate | undefined = wrong.issuerCertificate;
    wrong = above === wrong ? undefined : above;
  }
  const whose = wrong === undefined || wrong === shown ? "" : "is signed by a certificate that ";
  return isLate
    ? `${whose}expired${wrong ? ` at ${wrong.valid_to}` : ""}`
    : `${whose}isn't valid ${wrong ? `before ${wrong.valid_from}` : "yet"}`;
}

/** The names in the refused certificate. */
function namesIn(error: unknown): string {
  const { cert } = error as { cert?: Partial<PeerCertificate> };
  return cert?.subjectaltname ?? String(cert?.subject?.CN ?? "nobody");
}

function where({ host, port }: PostgresTls): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
