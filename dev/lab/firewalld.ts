import { exec, type LabHost } from "./host";

/**
 * Installs and starts firewalld, which Enterprise Linux 9's cloud images don't have: all ports except ssh's are
 * closed from then on, after a reboot too.
 *
 * @throws with the message of yum or systemd when it doesn't run
 */
export async function startFirewalld(host: LabHost): Promise<void> {
  const { exitCode, stderr } = await exec(
    host,
    "yum -y -q install firewalld >/dev/null && systemctl enable -q --now firewalld",
  );
  if (exitCode !== 0) throw new Error(`firewalld on the lab host ${host.name}: ${stderr}`);
}
