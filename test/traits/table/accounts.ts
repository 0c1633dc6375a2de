import assert from "node:assert/strict";
import type { Bite, Trait } from "../trait";

const withoutShell = "393cbbd without runuser's -s /bin/sh";

/** Of the deployer's shells. */
const bites = {
  tcsh: { version: withoutShell, words: "can't unpack the source: Illegal variable name." },
  fish: { version: withoutShell, words: "$@ is not supported. In fish, please use $argv." },
  zsh: {
    version: "e872877 without runuser's -s /bin/sh, and with a variable path in its script",
    words: "can't unpack the source: zsh:1: command not found: env",
  },
} satisfies Readonly<Record<string, Bite>>;

/** Rules for accounts and their files, and an account that is there before. */
export const accounts: readonly Trait[] = [
  ...(["tcsh", "fish", "zsh"] as const).map((shell): Trait => ({
    name: `deployer-${shell}`,
    severity: "high",
    fault: `what runs as the deployer goes through ${shell}, which reads commands its own way`,
    bites: bites[shell],
    settings: { deployerShell: `/usr/bin/${shell}` },
    shown: {
      command: `/usr/bin/${shell} --version; grep -c /${shell} /etc/shells`,
      prints: new RegExp(`^${shell}`),
    },
    check: async ({ site }) => {
      const printed = await site.deployment.onHost(
        `su - deployer -c "sh -c 'ps -o comm= -p \\$PPID'; true"`,
      );
      assert.equal(printed.trim(), shell);
    },
  })),
  ...["077", "027"].map((mask): Trait => ({
    name: `umask-${mask}`,
    fault: "what the deployment makes can't be read by nginx, PostgreSQL or the deployer",
    bites: {
      version: "393cbbd without umasks of its own",
      words: `nginx may not serve the static files: a release has the mode ${mask === "077" ? "700" : "750"}`,
    },
    makes: { umask: mask },
    dangerousWith: [mask === "077" ? "usergroups-no" : "deployer-of-users"],
    set: `
        sed -i -E 's/^(UMASK +).*/\\1${mask}/' /etc/login.defs
        echo 'session optional pam_umask.so umask=0${mask}' >>/etc/pam.d/common-session
        echo 'umask ${mask}' >/etc/profile.d/umask.sh`,
    shown: { login: "sh -c umask", prints: `0${mask}` },
    kept: "cat /etc/login.defs",
  })),
  {
    name: "usergroups-no",
    severity: "high",
    fault: "useradd makes no group of the deployer's own, and whatever names that group fails",
    bites: { version: "1e56a5c", words: "there is no group deployer on this host" },
    makes: { deployer: "made by the deployment" },
    set: "sed -i 's/^USERGROUPS_ENAB.*/USERGROUPS_ENAB no/' /etc/login.defs",
    shown: {
      command: "useradd -M probe; id -gn probe; userdel probe",
      prints: "users",
    },
    kept: "cat /etc/login.defs",
  },
  {
    name: "deployer-of-users",
    severity: "high",
    fault: "the deployer was there before, with the group users, and there is no group deployer",
    bites: { version: "1e56a5c", words: "there is no group deployer on this host" },
    makes: { deployer: "adopted" },
    set: "useradd -m -g users deployer; echo deployer:old-password | chpasswd",
    shown: { command: "id -gn deployer; getent group deployer || true", prints: "users" },
    unchanged: "getent passwd deployer; getent shadow deployer | cut -d: -f1,2; id deployer",
  },
];
