import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diagnostics } from "./diagnostics";
import { SampleSite } from "./sampleSite";

/** A host whose application was set up by hand, as in the notes: checkout, virtualenv, uWSGI on 8001. */
describe("an application set up by hand", () => {
  let site: SampleSite;
  const onHost = (command: string) => site.deployment.onHost(command);
  /** What uWSGI's own socket answers through the nginx of the notes. */
  const answer = async (): Promise<string> => (await site.ask("/healthz/")).body;
  const isUntouched = async (): Promise<void> => {
    expect(await onHost("cat /etc/systemd/system/uwsgi.service")).toContain("# by hand");
    expect(await onHost("git -C /microarray/tracks status --short")).toBe(" M tracks/wsgi.py");
    expect(await onHost("cat /home/deployer/venv/by-hand")).toBe("virtualenv");
    expect(await answer()).toBe("former, changed");
  };

  beforeAll(async () => {
    site = await SampleSite.create("adopt-app", { production: "false" });
    await site.deployment.unset("migrationDump");
    await onHost(setUpByHand);
  });
  afterAll(() => site.dispose());

  it("is refused, untouched, while uWSGI runs outside of its service", async () => {
    await onHost(
      `until systemctl is-active uwsgi | grep -qE "^(inactive|failed)$"; do systemctl kill -s INT uwsgi; sleep 0.3; done; systemd-run -q --scope ${uwsgi} >/dev/null 2>&1`,
    );
    const pid = await onHost("cat /var/run/uwsgi/uwsgi.pid");
    const refusal = new RegExp(
      `tracks:uwsgiSocket, tracks:uwsgiStats\\n[^]*process ${pid} \\(uwsgi --socket 127\\.0\\.0\\.1:8001\\) listens there[^]*kill -INT ${pid}`,
    );
    expect(await site.pulumi("preview")).toMatch(refusal);
    expect(diagnostics(await site.upFails())).toMatch(refusal);
    expect(await onHost("ls -A /usr/local/libexec/tracks 2>/dev/null | wc -l")).toBe("0");
    await isUntouched();
    await onHost(`while kill -INT ${pid} 2>/dev/null; do sleep 0.3; done; systemctl start uwsgi`);
  });

  it("is named in the preview, with what becomes of it", async () => {
    const preview = await site.pulumi("preview");
    expect(preview).toMatch(
      /\/microarray\/tracks\n\s+found: {3}a git checkout\n[^]*?up moves it to/,
    );
    expect(preview).toMatch(
      /\/home\/deployer\/venv\n\s+found: {3}a directory\n\s+reason: {2}up moves it to/,
    );
    expect(preview).toMatch(
      /The service uwsgi\n\s+found: {3}\/etc\/systemd\/system\/uwsgi\.service, running\n[^]*?The first up replaces it/,
    );
    expect(preview).not.toContain("up will be refused");
  });

  it("goes on when the service that replaces it does not start", async () => {
    await site.deployment.set("uwsgiLog", "/etc/redhat-release/uwsgi.log");
    expect(diagnostics(await site.upFails())).toMatch(/redhat-release\/uwsgi\.log/);
    await site.deployment.unset("uwsgiLog");
    await isUntouched();
    expect(await onHost("systemctl is-enabled uwsgi")).toBe("enabled");
  });

  it("is adopted, with a gap of a few seconds", async () => {
    const watch = new Watch(answer);
    const printed = await site.up();
    const { longestGap, answers } = await watch.end();
    expect(printed).toMatch(/started uwsgi in place of the service that ran before/);
    expect(answers.at(-1)).toContain('"version"');
    expect(await onHost("readlink /microarray/tracks")).toMatch(/^releases\/tracks\//);
    // It is stopped, then ours is started.
    expect(longestGap).toBeLessThan(15_000);
    expect(await site.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("gets everything back on destroy, and runs", async () => {
    await site.pulumi("destroy", "--yes", "--skip-preview", "--run-program");
    await onHost("systemctl restart nginx");
    await isUntouched();
    expect(await onHost("systemctl is-enabled uwsgi; systemctl is-active uwsgi")).toBe(
      "enabled\nactive",
    );
    expect(await onHost("ps -o user= -C uwsgi | sort -u")).toBe("deployer");
  });
});

/** Asks again and again, and remembers the longest time without a good answer. */
class Watch {
  private readonly answers: string[] = [];
  private longestGap = 0;
  private running = true;
  private readonly ended: Promise<void>;

  constructor(ask: () => Promise<string>) {
    this.ended = this.run(ask);
  }

  async end(): Promise<{ longestGap: number; answers: readonly string[] }> {
    this.running = false;
    await this.ended;
    return { longestGap: this.longestGap, answers: this.answers };
  }

  private async run(ask: () => Promise<string>): Promise<void> {
    let last = Date.now();
    while (this.running) {
      const body = await ask().catch(() => "");
      if (/^former|"version"/.test(body)) {
        this.longestGap = Math.max(this.longestGap, Date.now() - last);
        last = Date.now();
        this.answers.push(body);
      }
      await sleep(10);
    }
  }
}

/** The line of the notes. */
const uwsgi =
  "/usr/local/bin/uwsgi --socket 127.0.0.1:8001 --wsgi-file /microarray/tracks/tracks/wsgi.py -M -t 30 -p 16 -b 32768 -d /var/log/uwsgi.log --pidfile /var/run/uwsgi/uwsgi.pid --uid deployer --home=/home/deployer/venv/ --stats 127.0.0.1:9191 --env PRODUCTION=1";

const setUpByHand = `
set -e
yum -y -q install nginx git gcc python3 python3-devel python3-pip >/dev/null 2>&1
python3 -m pip install -q uwsgi==2.0.31 2>/dev/null
useradd -m deployer
python3 -m venv --without-pip /home/deployer/venv
echo virtualenv >/home/deployer/venv/by-hand
mkdir -p /microarray/tracks/tracks
cd /microarray/tracks
cat >tracks/wsgi.py <<'PYTHON'
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"former"]
PYTHON
git init -q
git add .
git -c user.name=t -c user.email=t@example.org commit -q -m First
sed -i 's/former/former, changed/' tracks/wsgi.py
chown -R deployer: /microarray /home/deployer/venv
git config --global --add safe.directory /microarray/tracks
cat >/etc/nginx/conf.d/tracks.conf <<'NGINX'
server { listen 80; server_name tracks.test; location / { include uwsgi_params; uwsgi_pass 127.0.0.1:8001; } }
NGINX
cat >/etc/systemd/system/uwsgi.service <<'UNIT'
# by hand
[Service]
Type=forking
PIDFile=/var/run/uwsgi/uwsgi.pid
ExecStartPre=/bin/mkdir -p /var/run/uwsgi
ExecStart=${uwsgi}
[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable -q --now uwsgi nginx
for try in $(seq 100); do curl -sf -H "Host: tracks.test" http://127.0.0.1/ >/dev/null && break; sleep 0.1; done
`;
