import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { TLSSocket } from "node:tls";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Deadline } from "../../../../host/ssh/deadline";
import { startTls } from "../../../../host/ssh/postgresTls";
import { expiredServer } from "../../settings/certificates";

// It answers like PostgreSQL: yes, it speaks TLS.
const server = createServer((socket) => {
  socket.once("data", () => {
    socket.write("S");
    const secure = new TLSSocket(socket, { isServer: true, ...expiredServer });
    secure.on("error", () => undefined);
  });
  socket.on("error", () => undefined);
});

beforeEach(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterEach(() => {
  server.close();
});

it("says when the server's certificate expired, and that it must be renewed on the server", async () => {
  const stream = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const tls = {
    host: "db.example.org",
    port: 5432,
    check: "authority",
    authorities: expiredServer.cert,
  } as const;
  const error: unknown = await startTls(stream, tls, new Deadline(10_000)).catch((e: unknown) => e);
  expect(error).toMatchObject({ kind: "tls-refused" });
  expect(String(error)).toMatch(
    /The certificate of PostgreSQL at db\.example\.org:5432 expired at Jan {2}1 00:00:00 2021 GMT\n.*give the server a certificate/,
  );
  expect(String(error)).not.toContain("postgresCaFile");
  expect(stream.destroyed).toBe(true);
});
