import type { Bite, Trait } from "../trait";

const rootPassword = "roots-own-password";

const timeLimit = "TMOUT=1; readonly TMOUT; export TMOUT";

/** Puts a line before all others that bash reads at a login of ours: some files end early. */
const firstOfBashrc = (line: string): string => `
  for home in /root /home/admin /home/operator /etc/skel; do
    { echo '${line}'; cat $home/.bashrc || true; } >/tmp/bashrc 2>/dev/null
    cat /tmp/bashrc >$home/.bashrc
  done`;

/** Of login shells. */
const bites = {
  tcsh: { version: "1e56a5c", words: "The host runs an unknown system." },
  fish: { version: "1e56a5c", words: "'{ ... }' is not supported for grouping commands (destroy)" },
  zsh: {
    version: "e872877 without the sh -c that makes the spool",
    words: "zsh:1: no matches found: .tracks/tracks.traits/.made-*",
  },
} satisfies Readonly<Record<string, Bite>>;

/** How whoever deploys gets in, and becomes root. */
export const logins: readonly Trait[] = [
  ...(["tcsh", "fish", "zsh"] as const).map((shell): Trait => ({
    name: `login-${shell}`,
    severity: "high",
    fault: `${shell} takes a command line for other words than sh does, so that the host is reported as an unknown system or can't be destroyed`,
    bites: bites[shell],
    makes: { "login shell": shell },
    dangerousWith: ["sudo-pty"],
    set: `for user in root admin operator; do usermod -s /usr/bin/${shell} $user; done`,
    shown: { login: "sh -c 'ps -o comm= -p $PPID'; true", prints: shell },
    kept: "getent passwd root admin operator",
  })),
  {
    name: "bashrc-prints",
    severity: "high",
    fault: "what a login prints is taken for an answer of the host, or for a host without SFTP",
    bites: { version: "1e56a5c", words: "The host offers no SFTP, which copying files needs" },
    makes: { "login shell": "bash" },
    dangerousWith: ["max-sessions"],
    // By a subsystem of sshd's own SFTP works all the same.
    set: firstOfBashrc('[ -z "$SSH_CONNECTION" ] || { echo Welcome; echo sudo: not found >&2; }'),
    shown: { login: "echo", prints: "Welcome" },
    refused: {
      says: /prints text where SFTP expects its packets\s+found: +Welcome/,
      wayOut:
        "sed -i 's|^Subsystem sftp .*|Subsystem sftp internal-sftp|' /etc/ssh/sshd_config; systemctl reload sshd",
    },
    kept: "cat /root/.bashrc /home/{admin,operator}/.bashrc",
  },
  {
    name: "tmout",
    fault: "the shell's time for an idle user ends each `read` of the program that waits longer",
    bites: {
      version: "2a33fe4",
      words: "firewall-port tcp 80 is not as it shall be after the change (with firewalld-zone)",
    },
    makes: { "login shell": "bash" },
    dangerousWith: ["firewalld-zone"],
    set: `echo '${timeLimit}' >/etc/profile.d/tmout.sh\n${firstOfBashrc(timeLimit)}`,
    shown: { login: "readonly -p | grep TMOUT", prints: /declare -rx TMOUT="1"$/ },
  },
  {
    name: "max-sessions",
    severity: "high",
    fault: "a connection that may open only two sessions is reported as a host without SFTP",
    bites: { version: "1e56a5c", words: "The host offers no SFTP, which copying files needs" },
    settings: { hostUser: "operator" },
    set: "echo 'MaxSessions 2' >/etc/ssh/sshd_config.d/10-sessions.conf; systemctl reload sshd",
    shown: { command: "sshd -T | grep -i maxsessions", prints: "maxsessions 2" },
    kept: "cat /etc/ssh/sshd_config.d/10-sessions.conf",
  },
  {
    name: "sudo-pty",
    fault:
      "where the login has a terminal, sudo gives each command one of its own, which mixes its streams and may echo its input",
    bites: { harmless: "no command of ours has a terminal, and without one sudo gives none" },
    settings: { hostUser: "operator" },
    set: "echo 'Defaults use_pty' >/etc/sudoers.d/pty",
    shown: {
      command: "sudo -l -U operator",
      prints: /\buse_pty\b/,
    },
    kept: "cat /etc/sudoers.d/pty",
  },
  {
    name: "sudo-targetpw",
    fault: "sudo asks for root's password in place of the user's own",
    bites: {
      harmless: "sudo is given the password that was set, whosoever it is, and shows no prompt",
    },
    dangerousWith: ["sudo-pty"],
    settings: { hostUser: "operator", sudoPassword: rootPassword },
    set: `echo 'root:${rootPassword}' | chpasswd; echo 'Defaults targetpw' >/etc/sudoers.d/targetpw`,
    shown: { login: `echo ${rootPassword} | sudo -k -S -p '' id -un`, prints: "root" },
    kept: "cat /etc/sudoers.d/targetpw; getent shadow root",
  },
];
