import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Deployment } from "./deployment";
import { diagnostics } from "./diagnostics";
import { CommandLines } from "./secrets";

const sample = join(__dirname, "../../dev/sample/tracks");

/** A repository that only a deploy key opens, on a server with a pinned key: the lab host itself. */
describe("an application from git", () => {
  let deployment: Deployment;
  let folder: string;
  let deployKey: string;
  const url = "ssh://gitsrv@localhost/home/gitsrv/tracks.git";

  const git = (...words: string[]) =>
    execa("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...words], {
      cwd: join(folder, "work"),
    });
  /** Commits what is in the work tree, and makes it what the server has. */
  const push = async (message: string): Promise<string> => {
    await git("add", "-A");
    await git("commit", "-q", "-m", message);
    await git("push", "-q", join(folder, "tracks.git"), "main");
    const archive = await execa("tar", ["-cz", "-C", folder, "tracks.git"], { encoding: "buffer" });
    const text = Buffer.from(archive.stdout).toString("base64");
    await deployment.onHost(
      `cd /home/gitsrv && echo ${text} | base64 -d | tar -xz && chown -R gitsrv: tracks.git`,
    );
    return (await git("rev-parse", "HEAD")).stdout;
  };
  const use = (changes: { ref?: string; deployKey?: string; key?: string }, key: string) => {
    const source = { url, ref: changes.ref ?? "main", deployKey: changes.deployKey ?? deployKey };
    deployment.environment["TRACKS_TEST_APPLICATION"] = JSON.stringify({
      git: { ...source, hostKey: { server: "localhost", key: changes.key ?? key } },
    });
  };
  let hostKey: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tracks-git-"));
    await cp(sample, join(folder, "work"), { recursive: true });
    deployment = await Deployment.create("git", { program: "test/e2e/programs/application.ts" });
    await deployment.set("serverNames", '["tracks.test"]');
    for (const name of ["deploy", "other"]) {
      await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
    }
    deployKey = await readFile(join(folder, "deploy"), "utf8");
    const publicKey = (await readFile(join(folder, "deploy.pub"), "utf8")).trim();
    await deployment.onHost(
      "useradd -m -p '*' gitsrv && mkdir -m 700 /home/gitsrv/.ssh && " +
        `echo '${publicKey}' >/home/gitsrv/.ssh/authorized_keys && chown -R gitsrv: /home/gitsrv`,
    );
    hostKey = await deployment.onHost("cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub");
    await git("init", "-q", "-b", "main");
    await execa("git", ["init", "-q", "--bare", "-b", "main", join(folder, "tracks.git")]);
    await push("First");
    use({}, hostKey);
  });
  afterAll(async () => {
    await deployment.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  it("is deployed to a bare host, where the commit is known only after git was installed", async () => {
    expect(await deployment.succeed("preview")).toMatch(/app-source +create/);
    const watch = await CommandLines.watch(deployment);
    await deployment.up();
    await watch.stop();
    const commit = (await git("rev-parse", "HEAD")).stdout;
    expect(await deployment.onHost("readlink /microarray/tracks")).toBe(
      `releases/tracks/${commit.slice(0, 12)}`,
    );
    const secret = deployKey.split("\n")[2] ?? "";
    expect(secret).toHaveLength(70);
    expect(await watch.seen()).not.toContain(secret);
    expect(await deployment.state()).not.toContain(secret);
    expect(
      await deployment.onHost(
        `ls /dev/shm; grep -rlsF '${secret}' /var/lib/tracks /home/deployer /microarray /tmp || true`,
      ),
    ).toBe("");
    expect(await deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });

  it("is deployed anew after a push, though nothing changed on this machine", async () => {
    await writeFile(join(folder, "work/roasted/version.py"), 'VERSION = "2.0.0"\n');
    const commit = await push("Second");
    expect(await deployment.up()).toMatch(/2 updated/);
    expect(await deployment.onHost("readlink /microarray/tracks")).toContain(commit.slice(0, 12));
    expect(await (await deployment.get("/healthz/")).text()).toContain("2.0.0");
  });

  it("says what is wrong with a ref, a deploy key or a host key", async () => {
    const other = await readFile(join(folder, "other"), "utf8");
    const otherPublic = (await readFile(join(folder, "other.pub"), "utf8")).split(" ");
    for (const [change, message] of [
      [{ ref: "no-such-branch" }, /has no branch or tag "no-such-branch"/],
      [{ deployKey: other }, /refuses the deploy key/],
      [{ key: otherPublic.slice(0, 2).join(" ") }, /has another host key than the configured one/],
    ] as const) {
      use(change, hostKey);
      expect(diagnostics(await deployment.upFails())).toMatch(message);
    }
    use({}, hostKey);
  });

  it("says how to change something else while the git server is down, and that works", async () => {
    await deployment.onHost("mv /home/gitsrv/tracks.git /home/gitsrv/away.git");
    const failure = diagnostics(await deployment.upFails());
    expect(failure).toContain(`can't ask ${url} for main`);
    const commit = (await git("rev-parse", "HEAD")).stdout;
    expect(failure).toContain(`set DjangoApp.source.ref to ${commit}`);
    use({ ref: commit }, hostKey);
    await deployment.set("serverNames", '["tracks.test", "other.test"]');
    expect(await deployment.up()).toMatch(/[123] updated/);
    expect(await (await deployment.get("/healthz/")).text()).toContain("2.0.0");
  });
});
