import { expect, it } from "vitest";
import { isOwn, renamed } from "../../../../commands/ops/runserver";

it("gives a request the site's own name, and leaves other sites' names alone", () => {
  const headers = {
    host: "localhost:8000",
    origin: "http://localhost:8000",
    referer: "http://localhost:8000/admin/",
    cookie: "a=b",
  };
  expect(renamed(headers, "localhost:8000", "tracks.example.org")).toEqual({
    host: "tracks.example.org",
    origin: "http://tracks.example.org",
    referer: "http://tracks.example.org/admin/",
    cookie: "a=b",
  });
  const foreign = { origin: "https://evil.example.org", referer: "https://localhost:80001/" };
  expect(renamed(foreign, "localhost:8000", "tracks.example.org")).toEqual(foreign);
});

it("leads a redirect back to this machine", () => {
  const location = "http://tracks.example.org/about/";
  expect(renamed({ location }, "tracks.example.org", "localhost:8000")).toEqual({
    location: "http://localhost:8000/about/",
  });
  expect(renamed({ location: "/about/" }, "tracks.example.org", "localhost:8000")).toEqual({
    location: "/about/",
  });
});

it.each([
  ["localhost:8000", true],
  ["127.0.0.1:8000", true],
  ["localhost:8001", false],
  ["rebound.example.org:8000", false],
  [undefined, false],
])("answers to this machine's own names alone: %s", (host, expected) => {
  expect(isOwn(host, 8000)).toBe(expected);
});
