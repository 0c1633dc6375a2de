import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { askDuring, askSite, describeAnswer, withoutVersions } from "../../../../dev/bench/answers";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

test.each([
  [200, "<footer>code 1.0.0, templates 1.0.0</footer>", "version 1.0.0"],
  [200, "<footer>code 1.0.0, templates 2.0.0</footer>", "code 1.0.0 with templates 2.0.0"],
  [200, "Welcome to nginx", "a page without versions"],
  [502, "code 1.0.0, templates 1.0.0", "HTTP 502"],
])("%d %s counts as: %s", (status, body, answer) => {
  expect(describeAnswer(status, body)).toBe(answer);
});

test("without versions, several releases are one kind of answer", () => {
  const tally = {
    "version 1.0.0": 10,
    "version 1.1.0": 20,
    "code 1.0.0 with templates 1.1.0": 3,
    "HTTP 502": 1,
    "no answer": 2,
  };
  expect(withoutVersions(tally)).toEqual({
    "one version": 30,
    "two versions in a page": 3,
    "HTTP 502": 1,
    "no answer": 2,
  });
});

test("a site that is gone counts as no answer", async () => {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const site = { address: "127.0.0.1", port, serverName: "tracks.test" };
  expect(await askSite(site, 3)).toEqual({ "no answer": 3 });
});

test("requests go to the site by its name, at the given rate, as long as the work lasts", async () => {
  const names = new Set<string | undefined>();
  const server = createServer((request, response) => {
    names.add(request.headers.host);
    response.end("code 1.0.0, templates 1.0.0");
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const site = { address: "127.0.0.1", port, serverName: "tracks.test" };
  expect(await askSite(site, 40)).toEqual({ "version 1.0.0": 40 });
  expect([...names]).toEqual(["tracks.test"]);

  const tally: Record<string, number> = {};
  const work = new Promise<string>((resolve) => setTimeout(resolve, 200, "done"));
  expect(await askDuring(site, tally, () => work)).toBe("done");
  expect(tally["version 1.0.0"]).toBeGreaterThan(1);
});
