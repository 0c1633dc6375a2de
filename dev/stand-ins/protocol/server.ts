import { createConnection } from "node:net";
import {
  credentials,
  Server,
  ServerCredentials,
  type handleUnaryCall,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

/** Size limit of a message, the same as the engine's. */
const messageLimit = 400 * 1024 * 1024;
const limits = {
  "grpc.max_receive_message_length": messageLimit,
  "grpc.max_send_message_length": messageLimit,
};
type Service = Parameters<Server["addService"]>[0];

/** Options for a client of the engine: no encryption, since both ends are on this machine. */
export const engineClient = { credentials: credentials.createInsecure(), options: limits };

/** Address of the engine that started this plugin, as HOST:PORT; empty when a person started it. */
export const engineAddress =
  process.argv.slice(2).find((argument) => !argument.startsWith("-")) ?? "";

/**
 * Serves a plugin as the engine expects it: on a free port of the loopback interface, which it
 * prints as the first line of standard output.
 *
 * When the engine is killed, its plugins finish what they are doing; like the real ones they check every
 * 5 minutes whether the engine still runs, and end when it doesn't.
 */
export function servePlugin(service: Service, handlers: UntypedServiceImplementation): void {
  if (engineAddress !== "") setInterval(endWithEngine, 300_000);
  const server = new Server(limits);
  server.addService(service, handlers);
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
}

function endWithEngine(): void {
  const [host, port] = engineAddress.split(":");
  const socket = createConnection({ host, port: Number(port) });
  socket.once("connect", () => {
    socket.destroy();
  });
  socket.once("error", () => {
    process.exit(1);
  });
}

/** Answers a call with the result of `answer`, or with its error message. */
export function unary<Request, Response>(
  answer: (request: Request) => Promise<Response> | Response,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => answer(call.request))
      .then(
        (response) => {
          callback(null, response);
        },
        (error: unknown) => {
          const details = error instanceof Error ? error.message : String(error);
          callback({ code: status.UNKNOWN, details }, null);
        },
      );
  };
}
