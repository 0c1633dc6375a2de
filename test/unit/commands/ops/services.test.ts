import { expect, it } from "vitest";
import { describe as told, parseEvents } from "../../../../commands/ops/services";

it("reads what happened to which service", () => {
  const events = parseEvents("stopped uwsgi \nstarted nginx master 12, workers 13 14\n");
  expect(events).toEqual([
    { what: "stopped", service: "uwsgi", detail: "" },
    { what: "started", service: "nginx", detail: "master 12, workers 13 14" },
  ]);
  expect(events.map(told)).toEqual(["stopped uwsgi", "started nginx (master 12, workers 13 14)"]);
});

it("says which services were in that state already", () => {
  const events = parseEvents("unchanged uwsgi running\nunchanged nginx stopped\n");
  expect(events.map(told)).toEqual(["uwsgi runs already", "nginx is stopped already"]);
});
