import { optional, required, secret, withDefault } from "../key";
import { lines, yesOrNo } from "../../host/manifest/value";
import {
  absolutePath,
  address,
  localPath,
  loginName,
  password,
  port,
  publicKey,
} from "../../host/manifest/values";

const privateKey = lines("a private key in OpenSSH or PEM format, as `ssh-keygen` writes it");
const identityNeeded =
  "unless `host` is `lab`, or another of `privateKeyFile`, `privateKey` and `agent` is set";

/** The host, the login there and the way to it. */
export const connectionKeys = {
  host: required(address, {
    component: "Host",
    argument: "address",
    meaning:
      "The host to deploy to. `lab` is this machine's lab host with the stack's name; its address, host key, identity and passwords are then the defaults.",
    example: "tracks.stowers.org",
  }),
  rehearsal: withDefault(yesOrNo, false, {
    component: "Host",
    meaning:
      "The stack rehearses the settings of another stack: it is refused on every host but this machine's lab host.",
    example: "true",
  }),
  hostPort: withDefault(port, 22, {
    component: "Host",
    argument: "port",
    meaning: "Port of the host's SSH server.",
    example: "22",
  }),
  hostUser: withDefault(loginName, "root", {
    component: "Host",
    argument: "user",
    meaning:
      "Login on the host. Any other than `root` becomes root through sudo: without a password, or with `sudoPassword`.",
    example: "admin",
  }),
  sudoPassword: secret(password, {
    component: "Host",
    argument: "sudoPassword",
    meaning: "Password that sudo asks `hostUser` for.",
    example: "...",
    needed: "where sudo asks for one",
  }),
  hostKey: optional(publicKey, {
    component: "Host",
    argument: "hostKey",
    meaning:
      "Public key of the host's SSH server; without it the program does not connect. An RSA key works only with SHA-1 signatures, which Enterprise Linux 9 refuses: use ssh-ed25519.",
    example: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI...",
    needed: "unless `host` is `lab`",
    command: "npm run hostkey",
  }),
  privateKeyFile: optional(localPath, {
    component: "Host",
    argument: "privateKey",
    becomes: "the key in the file",
    meaning: "File on this machine with the private key that logs in. Relative to the repository.",
    example: "~/.ssh/id_ed25519",
    needed: identityNeeded,
  }),
  privateKey: secret(privateKey, {
    component: "Host",
    argument: "privateKey",
    meaning: "Private key that logs in, encrypted in the stack's file.",
    example: "...",
    needed: identityNeeded,
    command: "pulumi config set --secret tracks:privateKey < ~/.ssh/id_ed25519",
  }),
  privateKeyPassphrase: secret(password, {
    component: "Host",
    argument: "passphrase",
    meaning: "Passphrase of the private key.",
    example: "...",
    needed: "where the private key has one",
  }),
  agent: withDefault(yesOrNo, false, {
    component: "Host",
    meaning:
      "Logs in with a key of the SSH agent at SSH_AUTH_SOCK, which must run for each command that logs in: `preview`, `up`, `destroy`, `npm run ops` and `npm run recover`.",
    example: "true",
  }),
  agentSocketPath: optional(absolutePath, {
    component: "Host",
    argument: "agentSocketPath",
    meaning: "Socket of the SSH agent, where it isn't the one at SSH_AUTH_SOCK. Implies `agent`.",
    example: "/run/user/1000/ssh-agent.socket",
  }),
  bastionHost: optional(address, {
    component: "Bastion",
    argument: "bastion.address",
    meaning: "SSH server on the way to a host that can't be reached directly.",
    example: "bastion.stowers.org",
  }),
  bastionPort: withDefault(port, 22, {
    component: "Bastion",
    argument: "bastion.port",
    meaning: "Port of the bastion's SSH server.",
    example: "22",
  }),
  bastionUser: optional(loginName, {
    component: "Bastion",
    argument: "bastion.user",
    meaning: "Login on the bastion.",
    example: "jump",
    fallbackText: "`hostUser`",
  }),
  bastionHostKey: optional(publicKey, {
    component: "Bastion",
    argument: "bastion.hostKey",
    meaning: "Public key of the bastion's SSH server.",
    example: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI...",
    needed: "with `bastionHost`",
    command: "npm run hostkey -- --bastion",
  }),
  bastionPrivateKeyFile: optional(localPath, {
    component: "Bastion",
    argument: "bastion.privateKey",
    becomes: "the key in the file",
    meaning: "File on this machine with the private key that logs in on the bastion.",
    example: "~/.ssh/bastion_ed25519",
    fallbackText: "the host's identity",
  }),
  bastionPrivateKey: secret(privateKey, {
    component: "Bastion",
    argument: "bastion.privateKey",
    meaning: "The private key that logs in on the bastion, where it isn't the host's.",
    example: "...",
    command: "pulumi config set --secret tracks:bastionPrivateKey < ~/.ssh/bastion_ed25519",
  }),
  bastionPrivateKeyPassphrase: secret(password, {
    component: "Bastion",
    argument: "bastion.passphrase",
    meaning: "Passphrase of the bastion's own private key.",
    example: "...",
    needed: "where that key has one",
  }),
};
