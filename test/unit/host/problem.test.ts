import { describe, expect, it } from "vitest";
import { errorOf, problemText } from "../../../host/problem";
import { ProblemError, problemError } from "../../../host/ProblemError";
import { HostError } from "../../../host/ssh/error";

const port = errorOf({
  subject: "Uwsgi.socket",
  given: "127.0.0.1:80",
  found: "process 812 (httpd) listens there",
  allowed: "an address that no other process uses",
  fix: ["kill -INT 812   (on the host, as root)", "or set Uwsgi.socket to 8002"],
  reason: 'Traceback (most recent call last):\n  File "a.py", line 1\nOSError: in use\n',
});

describe("a problem", () => {
  it("has each part on lines of its own, and the reason last", () => {
    expect(problemText(port)).toBe(
      [
        "Uwsgi.socket",
        "  given:   127.0.0.1:80",
        "  found:   process 812 (httpd) listens there",
        "  allowed: an address that no other process uses",
        "  fix:     kill -INT 812   (on the host, as root)",
        "           or set Uwsgi.socket to 8002",
        "  reason:  Traceback (most recent call last):",
        '             File "a.py", line 1',
        "           OSError: in use",
      ].join("\n"),
    );
  });

  it("leaves out the parts that it does not have", () => {
    expect(problemText(errorOf({ subject: "The host has no bash", fix: [] }))).toBe(
      "The host has no bash",
    );
  });
});

describe("an error with several problems", () => {
  const error = (): ProblemError =>
    new ProblemError("The host was not touched, because of", [
      port,
      errorOf({ subject: "Uwsgi.log", given: "/tmp/log" }),
    ]);

  it("tells all of them at once, with an empty line between them", () => {
    expect(error().message).toMatch(
      /^The host was not touched, because of:\n\n {2}Uwsgi\.socket\n {4}given: {3}127\.0\.0\.1:80\n[^]*\n {13}OSError: in use\n\n {2}Uwsgi\.log\n {4}given: {3}\/tmp\/log$/,
    );
  });

  it("puts every part into the terms of its reader, in the message and in the problems", () => {
    const reworded = error().reword((text) => text.replaceAll("Uwsgi.", "tracks:"));
    expect(reworded.message).not.toContain("Uwsgi.");
    expect(reworded.problems[0]).toMatchObject({
      severity: "error",
      subject: "tracks:socket",
      fix: ["kill -INT 812   (on the host, as root)", "or set tracks:socket to 8002"],
    });
  });

  it("has no stack trace, which takes Pulumi 14 seconds to format", () => {
    expect(error().stack).toBe(`ProblemError: ${error().message}`);
    const host = new HostError("shell", { subject: "The host has no bash" });
    expect(host.stack).toBe("HostError: The host has no bash");
    expect(problemError({ subject: "The stack is locked" }).message).toBe("The stack is locked");
  });
});
