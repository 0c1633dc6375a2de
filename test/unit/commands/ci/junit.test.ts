import { expect, it } from "vitest";
import { junitOf } from "../../../../commands/ci/junit";
import { nginxChange, resultWith } from "./result";

it("has a case for the run and one for each change; a change that waits is no failure", () => {
  expect(junitOf(resultWith({ state: "pending", changes: [nginxChange] }))).toBe(
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="preview of production" tests="2" failures="0" errors="0" skipped="0" time="1.5">
    <testcase classname="production" name="preview"></testcase>
    <testcase classname="production.update" name="nginx"><system-out>- |   worker_connections 1024;
+ |   worker_connections 2048;</system-out></testcase>
  </testsuite>
</testsuites>
`,
  );
});

it("has a failure for the resource that failed and for the run, with the last line as its message", () => {
  const failure = 'running "apply":\nunknown directive "a<b" & more';
  const text = junitOf(
    resultWith({
      state: "failed",
      failure,
      changes: [{ ...nginxChange, lines: [] }],
      messages: [{ severity: "error", resource: "nginx", text: failure }],
    }),
  );
  expect(text).toContain('tests="2" failures="2"');
  expect(text).toContain(
    '<testcase classname="production.update" name="nginx"><failure message="unknown directive &quot;a&lt;b&quot; &amp; more">',
  );
});

it("has a failure for each resource that the host has otherwise", () => {
  const drift = [{ resource: "nginx", names: ["/etc/nginx/nginx.conf"] }];
  const text = junitOf(resultWith({ command: "drift", state: "pending", drift }));
  expect(text).toContain('tests="2" failures="1"');
  expect(text).toContain("the host differs from what was applied: /etc/nginx/nginx.conf</failure>");
});

it("has no character that XML forbids", () => {
  const text = junitOf(resultWith({ state: "failed", failure: "\u001b[31mred\u0000" }));
  expect(text).toContain("\ufffd[31mred\ufffd</failure>");
});

it("skips the host of a preview that could not look at it", () => {
  const text = junitOf(resultWith({ drift: undefined }));
  expect(text).toContain('tests="2" failures="0" errors="0" skipped="1"');
  expect(text).toContain(
    'name="host"><skipped message="nobody could look at the host"/></testcase>',
  );
});
