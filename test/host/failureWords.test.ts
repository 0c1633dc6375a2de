import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DeployRoot } from "./deployRoot";
import { manifest, PrivateRoot } from "./privateRoot";

/** Of several lines the last one is the reason, after what failed; the others are above it. */
describe("a tool's message of several lines", () => {
  let host: PrivateRoot;
  beforeEach(() => {
    host = new PrivateRoot();
  });
  afterEach(() => {
    host.remove();
  });

  it("keeps its lines, where visudo points into a rule", async () => {
    const rule = "games ALL=(root NOPASSWD /sbin/service";
    const file = "file /etc/sudoers.d/games owner=root group=root mode=0440 check=sudoers";
    const run = await host.apply(manifest("sudo", "users", file, `| ${rule}`));
    expect(run.reason).toMatch(
      /^visudo refuses \/etc\/sudoers\.d\/games: \/etc\/sudoers\.d\/games:1:\d+: syntax error$/,
    );
    expect(run.stderr).not.toContain("; ");
  });

  it("keeps its lines, where a service's own messages explain what systemd says", async () => {
    // systemd of Enterprise Linux 9: bus-wait-for-jobs.c; the journal's own lines: unit.c, service.c.
    const refused = [
      "Job for nginx.service failed because the control process exited with error code.",
      'See "systemctl status nginx.service" and "journalctl -xeu nginx.service" for details.',
    ];
    const journal = [
      "Starting The nginx HTTP and reverse proxy server...",
      "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok",
      "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)",
      "nginx.service: Control process exited, code=exited, status=1/FAILURE",
      "nginx.service: Failed with result 'exit-code'.",
      "Failed to start The nginx HTTP and reverse proxy server.",
    ];
    const says = (lines: string[]) => `cat <<'EOF'\n${lines.join("\n")}\nEOF\n`;
    const systemctl = join(__dirname, "commands", "systemctl");
    rmSync(host.at("/stand-ins/systemctl"));
    host.write(
      "/stand-ins/systemctl",
      `#!/bin/bash\nif [[ $1 == start ]]; then\n${says(refused)}exit 1\nfi\nexec ${systemctl} "$@"\n`,
      0o755,
    );
    host.write("/stand-ins/journalctl", `#!/bin/bash\n${says(journal)}`, 0o755);
    const run = await host.apply(manifest("web", "none", "service nginx"));
    expect(run.stderr.trimEnd().split("\n").slice(-3)).toEqual([
      refused.join(" "),
      journal[1],
      `the service nginx did not start: ${journal[2]} (this run's changes were undone)`,
    ]);
  });
});

describe("an application", () => {
  let site: DeployRoot;
  beforeEach(async () => {
    site = await DeployRoot.create();
  });
  afterEach(() => {
    site.remove();
  });

  it("that does not load is reported with its traceback, whose last line is the reason", async () => {
    site.addRelease("first", { fault: "load" });
    const run = await site.host.apply(
      site.deployment("first", { environment: { SEASON: "winter" } }),
    );
    expect(run.stderr).toMatch(/^ {2}File ".*wsgi\.py", line \d+/m);
    expect(run.reason).toBe(
      "the new release fails its smoke test with the changed options of uWSGI: the application does not load: RuntimeError: out of order (this run's changes were undone)",
    );
  });
});
