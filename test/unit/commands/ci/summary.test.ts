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
    expect(text).toContain("- `/etc/nginx/nginx.conf` (`nginx`)\n- `service nginx` (`nginx`)");
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

  it("shows a name of the host as code, whatever is in it", () => {
    const names = ["/a`b", "`c``", "/d @e/f <img src=x>\n\n# g", " h ", "/i|j"];
    const drift = [{ resource: "k`l", names }];
    expect(summaryOf(resultWith({ command: "drift", state: "pending", drift }))).toContain(
      [
        ...["- ``/a`b`` (``k`l``)", "- ``` `c`` ``` (``k`l``)"],
        "- `/d @e/f <img src=x>  # g` (``k`l``)",
        ...["- `  h  ` (``k`l``)", "- `/i|j` (``k`l``)"],
      ].join("\n"),
    );
    const resource = "a`|<b>";
    const messages = [{ severity: "warning", resource, text: "c" }] as const;
    const text = summaryOf(
      resultWith({ changes: [{ ...nginxChange, resource, properties: ["d|`"] }], messages }),
    );
    expect(text).toContain("| ``a`\\|<b>`` | update | `` d\\|` `` |");
    expect(text).toContain("**warning** (``a`|<b>``)\n");
    expect(text).toContain("<summary><code>a`|&lt;b></code></summary>");
  });

  it("has the reason and the drift also where there is no room for all lines", () => {
    const reason = Array.from({ length: 5000 }, (_, index) => `${index} ${"x".repeat(3000)}`);
    const drift = [{ resource: "nginx", names: reason.map((_, index) => `/etc/${index}`) }];
    const lines = reason.map((line) => `+ ${line}`);
    const text = summaryOf(
      resultWith({
        ...{ state: "failed", failure: reason.join("\n"), drift },
        changes: Array.from({ length: 9 }, () => ({ ...nginxChange, lines })),
      }),
    );
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(60_000);
    expect(text).toMatch(/\n0 x{498} \.\.\.\n[^]*\n\.\.\. 4940 lines left out\n[^]*\n4999 x/);
    expect(text).toMatch(/\(5000\):\n\n- `\/etc\/0` [^]*\n\.\.\. 4900 more lines\n/);
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

it("does not call a preview in order that saw nothing of the host", () => {
  const blind = { drift: undefined };
  expect(headingOf(resultWith(blind))).toBe(
    "preview of production: nothing to do, nobody could look at the host",
  );
  expect(headingOf(resultWith({ ...blind, state: "pending", changes: [nginxChange] }))).toBe(
    "preview of production: 1 change, nobody could look at the host",
  );
});

it.each([
  [true, ", nothing is left half done on the host"],
  [false, ", something is left half done on the host"],
  [undefined, ""],
])("says of a failed deployment what it left, where that is %s", (restored, words) => {
  const failed = resultWith({ command: "deploy", state: "failed", drift: undefined, restored });
  expect(headingOf(failed)).toBe(`deploy of production: failed${words}`);
});

it.each([
  ["preview", "preview of production: nothing to do"],
  ["drift", "drift of production: the host is as it was applied"],
  ["deploy", "deploy of production: done, 0 changes"],
] as const)("says in one line that %s found nothing", (command, line) => {
  expect(headingOf(resultWith({ command }))).toBe(line);
});
