import { once } from "node:events";
import http, { type IncomingHttpHeaders, type IncomingMessage } from "node:http";

/** Answer of a server. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Read as UTF-8. */
  readonly body: string;
}

/** Options of a request besides address, name and path. */
export interface RequestOptions {
  /** @default "GET" */
  method?: string;
  headers?: Readonly<Record<string, string>>;
  /** Sent as UTF-8. @default none */
  body?: string;
  /** @default 80 */
  port?: number;
}

/**
 * Requests a path of a site from a host, on a new connection; redirects are not followed.
 *
 * Uses node:http, since fetch() can't send another `Host` than the address.
 *
 * @param address of the host
 * @param name of the site, as a browser would send it (`Host`)
 * @throws when the connection fails, or there is no answer within 30 s
 */
export async function request(
  address: string,
  name: string,
  path: string,
  { method = "GET", headers = {}, body, port = 80 }: RequestOptions = {},
): Promise<Answer> {
  const sent = http.request({
    host: address,
    port,
    path,
    method,
    headers: { ...headers, host: name },
    agent: false,
    timeout: 30_000,
  });
  sent.once("timeout", () => sent.destroy(new Error(`${path}: no answer within 30 s`)));
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: text };
}
