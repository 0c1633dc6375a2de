import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Tally } from "./measurement";

/** Address and name of a site to send requests to. */
export interface SiteAddress {
  readonly address: string;
  /** @default 80 */
  readonly port?: number;
  readonly serverName: string;
}

/** Page of the sample whose footer has the versions of code and templates. */
const PAGE = "/about/";
const TIMEOUT_MS = 10_000;
/** More than the service has workers, so that each of them gets requests. */
const ASKED_AT_ONCE = 32;
/** Milliseconds between requests: few enough to notice a gap of a tenth of a second, many enough not to slow the update down. */
const PAUSE_MS = 50;

/** Summary of one answer: the versions of code and templates, or what came in place of the page. */
export function describeAnswer(status: number, body: string): string {
  if (status !== 200) return `HTTP ${status}`;
  const [, code, templates] = /code (\S+), templates ([^\s<]+)/.exec(body) ?? [];
  if (code === undefined || templates === undefined) return "a page without versions";
  return code === templates ? `version ${code}` : `code ${code} with templates ${templates}`;
}

/** The same counts, without the version numbers. */
export function withoutVersions(tally: Tally): Tally {
  const merged: Record<string, number> = {};
  for (const [answer, times] of Object.entries(tally)) {
    const kind = answer.startsWith("version ")
      ? "one version"
      : answer.startsWith("code ")
        ? "two versions in a page"
        : answer;
    merged[kind] = (merged[kind] ?? 0) + times;
  }
  return merged;
}

/** Sends so many requests, many at once, so that every worker gets some. */
export async function askSite(site: SiteAddress, times: number): Promise<Tally> {
  const tally: Record<string, number> = {};
  for (let left = times; left > 0; left -= ASKED_AT_ONCE) {
    const batch = Array.from({ length: Math.min(left, ASKED_AT_ONCE) }, () => ask(site));
    for (const answer of await Promise.all(batch)) count(tally, answer);
  }
  return tally;
}

/** Sends requests again and again while `work` runs. */
export async function askDuring<T>(
  site: SiteAddress,
  tally: Record<string, number>,
  work: () => Promise<T>,
): Promise<T> {
  const state = { ended: false };
  const asking = (async () => {
    while (!state.ended) {
      count(tally, await ask(site));
      await sleep(PAUSE_MS);
    }
  })();
  try {
    return await work();
  } finally {
    state.ended = true;
    await asking;
  }
}

function count(tally: Record<string, number>, answer: string): void {
  tally[answer] = (tally[answer] ?? 0) + 1;
}

function ask({ address, port = 80, serverName }: SiteAddress): Promise<string> {
  return new Promise((resolve) => {
    const asked = request(
      { host: address, port, path: PAGE, headers: { host: serverName }, agent: false },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (body += chunk));
        response.on("end", () => {
          resolve(describeAnswer(response.statusCode ?? 0, body));
        });
        response.on("error", () => {
          resolve("no answer");
        });
      },
    );
    asked.setTimeout(TIMEOUT_MS, () => asked.destroy());
    asked.on("error", () => {
      resolve("no answer");
    });
    asked.end();
  });
}
