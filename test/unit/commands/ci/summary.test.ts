import { describe, expect, it } from "vitest";
import { headingOf, markIn, summaryOf } from "../../../../commands/ci/summary";
import { nginxChange, resultWith } from "./result";

describe("a summary", () => {
  it("shows the changed lines as a difference", () => {
    const text = summaryOf(resultWith({ state: "pending", changes: [nginxChange] }));
    expect(text).toContain("### preview of production: 1 change\n");
    expect(text).toContain("| `nginx` | update | `stdin` |");
    expect(text).toContain(
      "```diff\n- |   worker_connections 1024;\n+ |   worker_connections 2048;\n```",
    );
  });

  it("counts drift and names it, file by file", () => {
    const drift = [{ resource: "nginx", names: ["/etc/nginx/nginx.conf", "service nginx"] }];
    const text = summaryOf(resultWith({ command: "drift", state: "pending", drift }));
    expect(text).toContain("### drift of production: 2 differences on the host");
    expect(text).toContain("- `/etc/nginx/nginx.conf` (nginx)\n- `service nginx` (nginx)");
  });

  it("tells why it failed once, and what else was said", () => {
    const text = summaryOf(
      resultWith({
        state: "failed",
        failure: "nginx refuses: unknown directive",
        messages: [
          { severity: "warning", resource: undefined, text: "the key is old" },
          { severity: "error", resource: "nginx", text: "nginx refuses: unknown directive" },
        ],
      }),
    );
    expect(text).toContain("### preview of production: failed");
    expect(text.split("unknown directive")).toHaveLength(2);
    expect(text).toContain("**warning**\n\n```\nthe key is old\n```");
  });

  it("lets no line end its block", () => {
    const lines = ["+ ```", "+ ````` <img src=x>"];
    const text = summaryOf(resultWith({ changes: [{ ...nginxChange, lines }] }));
    expect(text).toContain("\n``````diff\n+ ```\n+ ````` <img src=x>\n``````\n");
  });

  it("has at most 60 lines of a resource, and fits into a comment", () => {
    const lines = Array.from({ length: 100 }, (_, index) => `+ line ${index}`);
    const one = summaryOf(resultWith({ changes: [{ ...nginxChange, lines }] }));
    expect(one).toContain("+ line 59\n... 40 more lines\n```");
    const wide = lines.map((line) => `${line} ${"ü".repeat(200)}`);
    const changes = Array.from({ length: 40 }, () => ({ ...nginxChange, lines: wide }));
    const all = summaryOf(resultWith({ changes }));
    expect(Buffer.byteLength(all)).toBeLessThanOrEqual(60_000);
    expect(all).toMatch(/<\/details>\n\nMore is in result\.json: it is too long for here\.\n$/);
  });

  it("begins with a mark of its script and stack, by which it is found again", () => {
    expect(markIn(summaryOf(resultWith({})), "production")).toBe(
      "<!-- tracks-ci: preview production -->",
    );
    expect(() => markIn("<!-- other -->\n", "production")).toThrow(/no summary of ci\/preview/);
  });
});

it.each([
  ["preview", "preview of production: nothing to do"],
  ["drift", "drift of production: the host is as it was applied"],
  ["deploy", "deploy of production: done, 0 changes"],
] as const)("says in one line that %s found nothing", (command, line) => {
  expect(headingOf(resultWith({ command }))).toBe(line);
});
