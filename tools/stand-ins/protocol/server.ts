import {
  credentials,
  Server,
  ServerCredentials,
  type handleUnaryCall,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

/** As much as the engine itself takes in one message. */
const messageLimit = 400 * 1024 * 1024;
const limits = {
  "grpc.max_receive_message_length": messageLimit,
  "grpc.max_send_message_length": messageLimit,
};
type Service = Parameters<Server["addService"]>[0];

/** Options for a client of the engine: no encryption, since both ends are on this machine. */
export const engineClient = { credentials: credentials.createInsecure(), options: limits };

/**
 * Serves a plugin as the engine expects it: on a free port of the loopback interface, which is
 * printed as the first line of standard output.
 */
export function servePlugin(service: Service, handlers: UntypedServiceImplementation): void {
  const server = new Server(limits);
  server.addService(service, handlers);
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
}

/** Answers a call with what `answer` resolves to, and with its message where it fails. */
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
