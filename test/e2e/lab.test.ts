import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as lab from "../../dev/lab/host";
import { writeKnownHosts } from "../../dev/lab/knownHosts";

const unavailable = lab.labUnavailable();

describe.skipIf(unavailable !== undefined)("the lab", () => {
  let folder: string;
  let host: lab.LabHost;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tracks-lab-"));
    process.env["TRACKS_LAB_DIR"] = folder;
    host = await lab.up("shape");
  });

  afterAll(async () => {
    for (const { name } of await lab.list()) await lab.down(name);
    await rm(folder, { recursive: true });
    delete process.env["TRACKS_LAB_DIR"];
  });

  /** What a command inside says, or its complaint; the exit code only where it matters. */
  const inside = async (command: string): Promise<string> => {
    const { stdout, stderr } = await lab.exec(host, command);
    return (stdout + stderr).trim();
  };

  /** Over ssh with the pinned keys, as a deployment does. */
  const ssh = async (login: string, command: string, input = "") => {
    const knownHosts = await writeKnownHosts(host, join(folder, "known_hosts"));
    return execa(
      "ssh",
      [
        ...[
          "-F",
          "none",
          "-i",
          host.identityFile,
          "-o",
          "IdentitiesOnly=yes",
          "-o",
          "BatchMode=yes",
        ],
        ...["-o", `UserKnownHostsFile=${knownHosts}`, "-o", "StrictHostKeyChecking=yes"],
        ...[`${login}@${host.address}`, command],
      ],
      { input, stripFinalNewline: false, reject: false },
    );
  };

  describe("a fresh host", () => {
    it("is an Enterprise Linux 9 with systemd, all of whose units came up", async () => {
      expect(await inside("cat /etc/redhat-release")).toBe("CentOS Stream release 9");
      expect(await inside(". /etc/os-release; echo $ID $VERSION_ID $ID_LIKE")).toBe(
        "centos 9 rhel fedora",
      );
      expect(await inside("systemctl is-system-running --wait")).toBe("running");
      expect(await inside("systemctl is-active sshd crond rsyslog")).toBe("active\nactive\nactive");
    });

    it("has nothing of Debian's on its PATH", async () => {
      expect(await inside("type -P apt apt-get dpkg update-rc.d invoke-rc.d nft")).toBe("");
      expect(await inside("yum --version >/dev/null && rpm -q sudo openssh-server")).toMatch(
        /^sudo-.*\.el9\.x86_64\nopenssh-server-/,
      );
    });

    it("takes its three users by key, and sudo as each of them has it", async () => {
      expect((await ssh("root", "id -un")).stdout).toBe("root\n");
      expect((await ssh("admin", "sudo -n id -un")).stdout).toBe("root\n");
      expect((await ssh("operator", "sudo -n id -un")).exitCode).not.toBe(0);
      const { password } = host.users.sudoer;
      expect((await ssh("operator", "sudo -S -p '' id -un", `${password}\n`)).stdout).toBe(
        "root\n",
      );
    });

    it("shows the keys that its record pins, and keeps the record to its owner", async () => {
      const { stdout } = await execa("ssh-keyscan", ["-t", "ed25519,rsa", host.address]);
      expect(stdout).toContain(host.hostKey);
      expect(stdout).toContain(host.hostKeyRsa);
      const mode = async (file: string) =>
        (await stat(join(folder, "hosts/shape", file))).mode & 0o777;
      expect([await mode(""), await mode("host.json"), await mode("identity")]).toEqual([
        0o700, 0o600, 0o600,
      ]);
      expect(host.secrets.deployerPassword).toMatch(/^[\w-]{24}$/);
    });

    it("offers sftp and forwarding, and counts connections", async () => {
      const before = await lab.sshConnections(host);
      await ssh("root", "true");
      await ssh("root", "true");
      expect(await lab.sshConnections(host)).toBe(before + 2);
      expect(await inside("sshd -T | grep -E '^(allowtcpforwarding|subsystem)'")).toBe(
        "allowtcpforwarding yes\nsubsystem sftp /usr/libexec/openssh/sftp-server",
      );
    });

    it("is found running by a second up", async () => {
      expect(await lab.up("shape")).toEqual(host);
    });

    it("reads and writes files without ssh", async () => {
      await lab.writeFile(host, "/root/it's", "one\ntwo", "0640");
      expect(await lab.readFile(host, "/root/it's")).toBe("one\ntwo");
      expect(await inside(`stat -c %a "/root/it's"`)).toBe("640");
    });
  });

  describe("packages", () => {
    it("are unknown and unusable before yum, known and usable after", async () => {
      const commands =
        "nginx git gcc make pip psql initdb pg_config sqlite3 logrotate semanage chkconfig";
      const packages =
        "nginx git gcc make python3-pip python3-devel postgresql postgresql-server libpq-devel " +
        "sqlite sqlite-devel logrotate policycoreutils-python-utils chkconfig";
      expect(await inside(`type -P ${commands}`)).toBe("");
      expect(await inside(`rpm -q nginx`)).toBe("package nginx is not installed");
      expect(await inside(`ls /etc/nginx; getent passwd nginx postgres`)).toMatch(/No such file/);

      await inside("dnf -y -q module enable postgresql:15");
      expect((await lab.exec(host, `yum -y -q install ${packages}`)).exitCode).toBe(0);

      expect((await inside(`type -P ${commands}`)).split("\n")).toHaveLength(
        commands.split(" ").length,
      );
      expect((await lab.exec(host, `rpm -q --whatprovides ${packages}`)).exitCode).toBe(0);
      expect(await inside("rpm -q --qf '%{version}' postgresql-server")).toBe("15.8");
      expect(await inside("id -u postgres; id -un nginx")).toBe("26\nnginx");
      expect(await inside("echo 'int main(void){}' | gcc -x c - -o /tmp/a && /tmp/a")).toBe("");
      expect(await inside("python3-config --includes | grep -c python3")).toBe("1");
    });

    it("fail to install when nobody has them", async () => {
      expect(await inside("yum -y install no-such-package")).toContain("Unable to find a match");
      expect(await inside("dnf -q module list postgresql")).toMatch(
        /^postgresql 15 \[e\][^]*^postgresql 16 +client/m,
      );
    });

    it("bring chkconfig, through which systemctl enables an init script", async () => {
      const script = "#!/bin/sh\n# chkconfig: 2345 80 20\n# description: by hand\n";
      await inside("mkdir -p /etc/init.d");
      await lab.writeFile(host, "/etc/init.d/by-hand", script, "0755");
      const isEnabled = () => inside("systemctl is-enabled by-hand 2>/dev/null");
      const links = () => inside("cd /etc; ls -d rc?.d/*by-hand");
      await inside("systemctl daemon-reload; systemctl enable by-hand");
      expect(await isEnabled()).toBe("enabled");
      expect((await links()).split("\n")).toEqual([2, 3, 4, 5].map((n) => `rc${n}.d/S80by-hand`));
      await inside("systemctl disable by-hand");
      expect(await isEnabled()).toBe("disabled");
      expect((await links()).split("\n")).toEqual([2, 3, 4, 5].map((n) => `rc${n}.d/K20by-hand`));
    });

    it("bring EL's nginx: a default server, its user, its unit behind service", async () => {
      expect(await inside("service nginx start")).toBe(
        "Redirecting to /bin/systemctl start nginx.service",
      );
      expect(await inside("curl -s http://localhost/ | grep -c '<title>Test Page'")).toBe("1");
      expect(await inside("ps -o user= -p $(pgrep -P $(cat /run/nginx.pid) | head -1)")).toBe(
        "nginx",
      );
    });

    it("bring EL's PostgreSQL, empty until it is initialised", async () => {
      expect((await lab.exec(host, "systemctl start postgresql")).exitCode).not.toBe(0);
      expect(await inside("journalctl --sync; journalctl -u postgresql -o cat")).toContain(
        'Directory "/var/lib/pgsql/data" is missing or empty.\nUse "/usr/bin/postgresql-setup --initdb"',
      );
      await inside("service postgresql initdb");
      const { exitCode, stderr } = await lab.exec(host, "postgresql-setup --initdb");
      expect([exitCode, stderr]).toEqual([
        1,
        expect.stringContaining("ERROR: Data directory /var/lib/pgsql/data is not empty!"),
      ]);
      expect((await lab.exec(host, "systemctl start postgresql")).exitCode).toBe(0);
      expect(await inside("cd /; sudo -u postgres psql -Atc 'show data_directory'")).toBe(
        "/var/lib/pgsql/data",
      );
    });
  });

  it("has SELinux's policy and tools, and a kernel without it", async () => {
    expect(await inside("getenforce; sestatus")).toMatch(/^Disabled\nSELinux status: +disabled$/);
    expect(await inside("getsebool httpd_can_network_connect")).toMatch(/SELinux is disabled$/);
    expect(await inside("systemctl show -P ConditionResult auditd")).toBe("no");
  });
});
