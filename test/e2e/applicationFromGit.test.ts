import { cp, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { request } from "../../dev/demo/request";
import { shellBlock } from "../pages";
import { Deployment } from "./deployment";
import { diagnostics } from "./diagnostics";
import { CommandLines } from "./secrets";
import { type Answer, atTerminal } from "./terminal";

const sample = join(__dirname, "../../dev/sample/tracks");

/**
 * Production, as the README has it: from a fresh clone to a bare host. The application is in a
 * repository that only a deploy key opens, on a server with a pinned key: the lab host itself.
 */
describe("an application from git", () => {
  let deployment: Deployment;
  let work: string;
  let ssh: string;
  let watch: CommandLines;
  /** Text that the terminal showed of the first deployment. */
  let shown: string;
  const url = "ssh://gitsrv@localhost/home/gitsrv/tracks.git";

  const git = (...words: string[]) =>
    execa("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...words], { cwd: work });
  /** Commits what is in the work tree, and makes it what the server has. */
  const push = async (message: string): Promise<string> => {
    const server = join(dirname(work), "tracks.git");
    await git("add", "-A");
    await git("commit", "-q", "-m", message);
    await git("push", "-q", server, "main");
    const archive = await execa("tar", ["-cz", "-C", dirname(server), basename(server)], {
      encoding: "buffer",
    });
    const text = Buffer.from(archive.stdout).toString("base64");
    await deployment.onHost(
      `cd /home/gitsrv && echo ${text} | base64 -d | tar -xz && chown -R gitsrv: tracks.git`,
    );
    return (await git("rev-parse", "HEAD")).stdout;
  };
  /** Runs lines at the terminal of whoever deploys. */
  const type = (
    lines: string,
    answers: readonly Answer[] = [],
    environment: Readonly<Record<string, string | undefined>> = deployment.environment,
  ) =>
    atTerminal(lines, {
      ...{ folder: deployment.folder, environment, answers },
      // Installs, compiles and deploys everything, on cores that others use, too.
      timeout: 800_000,
    });
  const health = async () =>
    (await request(deployment.host.address, "tracks.stowers.org", "/healthz/")).body;

  beforeAll(async () => {
    deployment = await Deployment.inClone("production");
    ssh = join(deployment.folder, "home/.ssh");
    work = join(deployment.folder, "home/work");
    await cp(sample, work, { recursive: true });
    await cp(deployment.host.identityFile, join(ssh, "tracks"));
    for (const name of ["tracks_deploy", "other"]) {
      await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(ssh, name)]);
    }
    const publicKey = (await readFile(join(ssh, "tracks_deploy.pub"), "utf8")).trim();
    await deployment.onHost(
      "useradd -m -p '*' gitsrv && mkdir -m 700 /home/gitsrv/.ssh && " +
        `echo '${publicKey}' >/home/gitsrv/.ssh/authorized_keys && chown -R gitsrv: /home/gitsrv`,
    );
    await git("init", "-q", "-b", "main");
    await execa("git", ["init", "-q", "--bare", "-b", "main", join(dirname(work), "tracks.git")]);
    await push("First");
    // Where its owner has another repository than this one's.
    await deployment.set("sourceUrl", url);
    await deployment.set(
      "sourceHostKey",
      await deployment.onHost("cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub"),
    );
    await deployment.set("healthCheckPath", "/healthz/");
    watch = await CommandLines.watch(deployment);
    const theirs = {
      "tracks.stowers.org": deployment.host.address,
      "login --local": `login ${deployment.environment["PULUMI_BACKEND_URL"]}`,
    };
    const readme = shellBlock("README.md", "read -rs") + shellBlock("README.md", "npm ci", theirs);
    expect(
      shellBlock("docs/production.md", "read -rs") +
        shellBlock("docs/production.md", "npm ci", theirs),
    ).toBe(readme);
    const { PULUMI_CONFIG_PASSPHRASE: passphrase = "", ...environment } = deployment.environment;
    shown = await type(
      // The first line of the page shows nothing.
      `echo Ready.\n${readme}`,
      [
        { when: /^Ready\.\n$/, type: passphrase },
        { when: /Type yes: $/, type: "yes" },
        { when: /value: +$/, type: "correct horse" },
      ],
      {
        ...{ ...environment, PULUMI_CONFIG_PASSPHRASE: undefined, PULUMI_BACKEND_URL: undefined },
        // Where `pulumi login` remembers the backend: not for other tests.
        PULUMI_CREDENTIALS_PATH: join(deployment.folder, "home/credentials"),
      },
    );
    await watch.stop();
  });
  afterAll(() => deployment.dispose());

  it("is deployed to a bare host by the README's lines, and the deploy key stays a secret", async () => {
    // In the preview the commit is not known: git is installed by `up`.
    expect(shown).toMatch(/tracks:hostKey is set\./);
    expect(shown).toMatch(/app-source/);
    const commit = (await git("rev-parse", "HEAD")).stdout;
    expect(await deployment.onHost("readlink /microarray/tracks")).toBe(
      `releases/tracks/${commit.slice(0, 12)}`,
    );
    expect(await health()).toContain("1.0.0");
    const secret = (await readFile(join(ssh, "tracks_deploy"), "utf8")).split("\n")[2] ?? "";
    expect(secret).toHaveLength(70);
    expect(shown).not.toContain(secret);
    expect(await watch.seen()).not.toContain(secret);
    expect(await deployment.state()).not.toContain(secret);
    expect(
      await deployment.onHost(
        `ls /dev/shm; grep -rlsF '${secret}' /var/lib/tracks /home/deployer /microarray /tmp || true`,
      ),
    ).not.toMatch(/^\//m);
    expect(await deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("is deployed again after a push, though nothing changed on this machine", async () => {
    const [preview = "", kept = ""] = shellBlock("docs/production.md", "TRACKS_PLAN_OUT")
      .trimEnd()
      .split("\n");
    await type(preview);
    await writeFile(join(work, "roasted/version.py"), 'VERSION = "2.0.0"\n');
    const commit = await push("Second");
    // Nobody has previewed this one.
    const refused = await type(`${kept} --yes --skip-preview || echo "It ended with $?."`);
    expect(refused).toMatch(/not the one of the preview[^]*\+ [0-9a-f]{12}[^]*It ended with \d+\./);
    expect(refused).toContain(commit.slice(0, 12));
    expect(await health()).toContain("1.0.0");
    expect(await deployment.up()).toMatch(/2 updated/);
    expect(await deployment.onHost("readlink /microarray/tracks")).toContain(commit.slice(0, 12));
    expect(await health()).toContain("2.0.0");
  });

  it("says what is wrong with a ref, a deploy key or a host key", async () => {
    const hostKey = await deployment.succeed("config", "get", "tracks:sourceHostKey");
    const refusal = async () => diagnostics(await deployment.upFails());

    await deployment.set("sourceRef", "no-such-branch");
    expect(await refusal()).toMatch(/has no branch or tag "no-such-branch"/);
    await deployment.unset("sourceRef");

    await type("pulumi config set --secret tracks:sourceDeployKey < ~/.ssh/other");
    expect(await refusal()).toMatch(/refuses the deploy key/);
    await type("pulumi config set --secret tracks:sourceDeployKey < ~/.ssh/tracks_deploy");

    const [kind = "", base64 = ""] = (await readFile(join(ssh, "other.pub"), "utf8")).split(" ");
    await deployment.set("sourceHostKey", `${kind} ${base64}`);
    expect(await refusal()).toMatch(/has another host key than the configured one/);
    await deployment.set("sourceHostKey", hostKey.trim());
  });

  it("says how to change something else while the git server is down, and that works", async () => {
    await deployment.onHost("mv /home/gitsrv/tracks.git /home/gitsrv/away.git");
    const failure = diagnostics(await deployment.upFails());
    expect(failure).toContain(`can't ask ${url} for main`);
    const commit = (await git("rev-parse", "HEAD")).stdout;
    expect(failure).toContain(`pulumi config set tracks:sourceRef ${commit}`);
    await deployment.set("sourceRef", commit);
    await deployment.set("serverNames", '["tracks.stowers.org", "other.test"]');
    expect(await deployment.up()).toMatch(/\d updated/);
    expect(await health()).toContain("2.0.0");
  });
});
