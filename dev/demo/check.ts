import { type Answer, request } from "./request";

/**
 * Checks what a visitor sees of the deployed site, and returns a line per check.
 *
 * @param address of the host that serves it
 * @param name of the site, which the visitor's browser sends as `Host`
 * @throws with the answer when a check fails
 */
export async function checkSite(address: string, name: string): Promise<string[]> {
  const get: Get = (path) => request(address, name, path);
  return [
    await robots(get),
    await slash(get),
    await migratedData(get),
    await staticFile(get),
    await answers(get, "/admin/login/"),
  ];
}

/** Asks for a path of the site; redirects are not followed. */
type Get = (path: string) => Promise<Answer>;

async function robots(get: Get): Promise<string> {
  const answer = await get("/robots.txt");
  if (answer.body !== "User-agent: *\nDisallow: /\n") throw unexpected("/robots.txt", answer);
  return "/robots.txt keeps spiders out";
}

async function slash(get: Get): Promise<string> {
  const answer = await get("/about?q=1");
  if (answer.status !== 301 || answer.headers.location?.endsWith("/about/?q=1") !== true) {
    throw unexpected("/about?q=1", answer);
  }
  return "/about gets its trailing slash (301)";
}

/** The sample's first page lists the targets of the old site's dump. */
async function migratedData(get: Get): Promise<string> {
  const health = await get("/healthz/");
  const { targets } = (health.status === 200 ? JSON.parse(health.body) : {}) as {
    targets?: number;
  };
  if (targets === undefined || targets === 0) throw unexpected("/healthz/", health);
  const page = await get("/");
  if (page.status !== 200 || !page.body.includes("redirect.target.example.org")) {
    throw unexpected("/", page);
  }
  return `/ shows the ${targets} targets of the old site`;
}

async function staticFile(get: Get): Promise<string> {
  const path = "/static/roasted/tracks.css";
  const answer = await get(path);
  if (answer.status !== 200 || answer.headers["content-type"]?.startsWith("text/css") !== true) {
    throw unexpected(path, answer);
  }
  return `${path} comes from nginx`;
}

async function answers(get: Get, path: string): Promise<string> {
  const answer = await get(path);
  if (answer.status !== 200) throw unexpected(path, answer);
  return `${path} answers 200`;
}

function unexpected(path: string, { status, headers, body }: Answer): Error {
  const seen = { status, location: headers.location, type: headers["content-type"] };
  return new Error(`${path}: ${JSON.stringify({ ...seen, body: body.slice(0, 200) })}`);
}
