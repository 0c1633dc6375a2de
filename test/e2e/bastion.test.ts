import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { down, exec, type LabHost, sshConnections, up } from "../../dev/lab/host";
import { Deployment } from "./deployment";
import { count, diagnostics, expectRefusal } from "./diagnostics";
import { atTerminal, startOps } from "./opsProgram";

const jump = "jump";

/** A host that is reached through another one only. */
describe("a host behind a bastion", () => {
  let deployment: Deployment;
  let bastion: LabHost;

  beforeAll(async () => {
    deployment = await Deployment.create("behind", { program: "test/e2e/programs/site.ts" });
    bastion = await up(jump, {});
    await deployment.set("serverNames", '["behind.example.org"]');
    await deployment.set("bastionHost", bastion.address);
    await deployment.set("bastionUser", "root");
    await deployment.set("bastionHostKey", bastion.hostKey);
    await deployment.set("bastionPrivateKeyFile", bastion.identityFile);
  });
  afterAll(async () => {
    await down(jump);
    await deployment.dispose();
  });

  const refusesWith = (message: string) => expectRefusal(deployment, message);

  it("is deployed to, every connection through the bastion", async () => {
    const before = await sshConnections(bastion);
    await deployment.up();
    expect((await deployment.get("/robots.txt")).status).toBe(200);
    expect(await sshConnections(bastion)).toBeGreaterThan(before + 3);
    const sources = await deployment.onHost(
      "grep -o 'Accepted publickey for root from [0-9.]*' /var/log/secure | sort -u",
    );
    expect(sources).toBe(`Accepted publickey for root from ${bastion.address}`);
  });

  it("is looked after through the bastion, too", async () => {
    const before = await sshConnections(bastion);
    const [status, ssh, logs, shell] = await Promise.all([
      startOps(deployment, ["status", "--json"]),
      startOps(deployment, ["ssh", "hostname"]),
      startOps(deployment, ["logs", "--no-follow"]),
      atTerminal(
        deployment,
        ["ssh"],
        [
          ["[$#] ", "stty size; hostname\n"],
          ["24 80.*behind", "exit\n"],
        ],
      ),
    ]);
    expect(JSON.parse(status.stdout), status.stderr).toMatchObject({ isFine: true, problems: [] });
    expect(ssh).toMatchObject({ exitCode: 0, stdout: "behind" });
    expect(logs.stdout, logs.stderr).toMatch(/^pid +nginx \d+/m);
    expect(shell.exitCode, shell.stdout).toBe(0);
    expect(await sshConnections(bastion)).toBeGreaterThan(before + 3);
  });

  it("is not reached through a bastion that proves another key", async () => {
    await deployment.set("bastionHostKey", deployment.host.hostKey);
    await refusesWith("has another host key than the pinned one");
    await deployment.set("bastionHostKey", bastion.hostKey);
  });

  it("is not reached through a bastion that forwards nothing", async () => {
    await exec(
      bastion,
      "echo 'AllowTcpForwarding no' >/etc/ssh/sshd_config.d/none.conf; systemctl restart sshd",
    );
    await refusesWith("does not forward root to");
    await exec(bastion, "rm /etc/ssh/sshd_config.d/none.conf; systemctl restart sshd");
  });

  it("is not reached with an agent that is dead", async () => {
    await deployment.set("agentSocketPath", "/nonexistent/agent.socket");
    await refusesWith("No SSH agent answers at /nonexistent/agent.socket");
    await deployment.unset("agentSocketPath");
  });

  it("is refused when its distribution is none that the program knows", async () => {
    await deployment.onHost(
      "mkdir /run/kept; mv /etc/os-release /etc/redhat-release /run/kept; echo ID=other >/etc/os-release",
    );
    const { text } = await deployment.pulumi("preview");
    await deployment.onHost("rm /etc/os-release; mv /run/kept/* /etc/");
    expect(diagnostics(text)).toMatch(/Enterprise Linux|CentOS/);
    expect(count(diagnostics(text), "error: "), text).toBe(1);
  });

  it("gets its database through the bastion, too", async () => {
    deployment.environment["TEST_DATABASE"] = "{}";
    await deployment.useProgram("test/e2e/programs/database.ts");
    const before = await sshConnections(bastion);
    await deployment.up();
    expect(await sshConnections(bastion)).toBeGreaterThan(before);
    expect(
      await deployment.onHost(
        `cd / && runuser -u postgres -- psql -X -A -t -c "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'tracks'"`,
      ),
    ).toBe("deployer");
  });
});
