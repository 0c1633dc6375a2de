import { expect, it } from "vitest";
import { nearest } from "../../../settings/nearest";

const names = ["listenPort", "hostPort", "hostKey", "host", "siteRoot", "uwsgiLog"];

it.each([
  ["listenPort", "listenPort"],
  ["listen_port", "listenPort"],
  ["LISTENPORT", "listenPort"],
  ["lstenPort", "listenPort"],
  ["listennPort", "listenPort"],
  ["listemPort", "listenPort"],
  // Three other letters of ten, and not four.
  ["xystenPort", "listenPort"],
  ["xyztenPort", "listenPort"],
  ["xyzwenPort", undefined],
  // One is allowed in every word.
  ["hst", "host"],
  ["ho", undefined],
  ["hostPrt", "hostPort"],
  ["hosKey", "hostKey"],
  ["logUwsgi", undefined],
  ["", undefined],
])("%j may mean %s", (word, name) => {
  expect(nearest(word, names)).toBe(name);
});

it("is the first of several that are as close", () => {
  expect(nearest("aab", ["aaa", "bab"])).toBe("aaa");
  expect(nearest("xab", ["aaa", "bab"])).toBe("bab");
});

it("is none of none", () => {
  expect(nearest<string>("a", [])).toBeUndefined();
});
