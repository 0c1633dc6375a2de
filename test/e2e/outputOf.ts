import { exec, type LabHost } from "../../dev/lab/host";

/** What a shell command prints that root runs inside a host, past SSH. @throws Error where it fails */
export async function outputOf(host: LabHost, command: string): Promise<string> {
  const { exitCode, stdout, stderr } = await exec(host, command);
  if (exitCode !== 0) {
    throw new Error(`on ${host.name}: ${command}\nexited ${exitCode}: ${stderr}`);
  }
  return stdout;
}
