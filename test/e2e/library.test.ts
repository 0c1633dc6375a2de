import { existsSync } from "node:fs";
import { readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devPassphrase } from "../../dev/demo/stacks";
import { request } from "../../dev/demo/request";
import { down, type LabHost, up } from "../../dev/lab/host";
import { embeddedEnvironment } from "../../dev/toolchain/embeddedStack";
import { ensureToolchain, type Toolchain } from "../../dev/toolchain/toolchain";
import { shellBlock } from "../pages";
import { temporaryFolder } from "../temporaryFolder";
import { cloneInto } from "./clone";
import { outputOf } from "./outputOf";
import { atTerminal } from "./terminal";

const hostName = "library";

/** The examples as their readers have them: installed from the package, outside of the checkout. */
describe("a program of one's own", () => {
  const folder = temporaryFolder("library", afterAll);
  const clone = join(folder, "clone");
  const examples = join(clone, "examples");
  let packed: string[];
  let host: LabHost;
  let toolchain: Toolchain;
  let environment: Record<string, string>;

  beforeAll(async () => {
    const labDirectory = join(folder, "lab");
    process.env.TRACKS_LAB_DIR = labDirectory;
    toolchain = await ensureToolchain({});
    const lock = { passphrase: devPassphrase };
    environment = await embeddedEnvironment(toolchain, { labDirectory, lock });
    [host] = await Promise.all([up(hostName, {}), install()]);
    await onHost("yum -y -q install nginx logrotate");
  });
  afterAll(() => down(hostName));

  /** Packs the components in a fresh clone and installs them for both examples, as both say. */
  async function install(): Promise<void> {
    await cloneInto(clone);
    const first = join(examples, "second-site");
    const commands = shellBlock("examples/second-site/README.md", "(cd ../.. && npm ci");
    expect(shellBlock("examples/static-host/README.md", "(cd ../.. && npm ci")).toBe(commands);
    const quick = { npm_config_prefer_offline: "true", npm_config_ignore_scripts: "true" };
    await atTerminal(commands, { folder: first, environment: quick });
    await symlink(join(first, "node_modules"), join(examples, "static-host/node_modules"));
    const listed = await execa("tar", ["-tf", "tracks-0.1.0.tgz"], { cwd: clone });
    packed = listed.stdout.split("\n").map((path) => path.replace(/^package\//, ""));
    // What the package lacks must not be found in a checkout around it.
    for (const entry of await readdir(clone)) {
      if (entry !== "examples") await rm(join(clone, entry), { recursive: true });
    }
  }

  const onHost = (command: string) => outputOf(host, command);

  /** Nginx's configuration, without the logs, which stay: names, modes, owners, targets and contents. */
  const nginxTree = () =>
    onHost(
      "cd /etc/nginx && find . -path ./logs -prune -o -printf '%p %M %u %g %l\\n' | sort && find . -path ./logs -prune -o -type f -exec sha256sum {} + | sort",
    );

  /** Deploys an example by the commands of its README, with what the reader has in place of its examples. */
  async function deploy(example: string, commands: string): Promise<void> {
    await atTerminal(commands, { folder: join(examples, example), environment });
  }

  /** Words that a reader replaces in the commands of both. */
  const ours = () => ({
    "www.example.org": host.address,
    "ssh-ed25519 AAAA...": host.hostKey,
    "~/.ssh/id_ed25519": host.identityFile,
  });

  async function run(example: string, ...args: string[]): Promise<string> {
    const { all } = await execa(toolchain.pulumi, [...args, "--non-interactive"], {
      cwd: join(examples, example),
      env: environment,
      stdin: "ignore",
      all: true,
    });
    return all;
  }

  const unchanged = (example: string) => run(example, "preview", "--expect-no-changes");
  const pageOf = async (name: string, path = "/") => (await request(host.address, name, path)).body;

  it("gets the compiled components and the host's files: no test, no stack, no equipment", () => {
    expect(packed).toContain("dist/components/index.d.ts");
    const allowed =
      /^(?:package\.json|README\.md|CHANGELOG\.md|dist\/(?:components|host|preflight|templates)\/.+\.(?:js|d\.ts)|host\/script\/(?:order|.+\.(?:sh|py))|templates\/.+\.hbs)$/;
    expect(packed.filter((path) => !allowed.test(path))).toEqual([]);
  });

  it("shares one SDK of Pulumi with the package", () => {
    const modules = join(examples, "second-site/node_modules");
    expect(existsSync(join(modules, "@pulumi/pulumi"))).toBe(true);
    expect(existsSync(join(modules, "tracks/node_modules/@pulumi"))).toBe(false);
  });

  it("compiles strictly, with the declarations of both modules", async () => {
    const { exitCode } = await execa("npx", ["tsc"], { cwd: join(examples, "static-host") });
    expect(exitCode).toBe(0);
  });

  it("registers nothing by an import", async () => {
    const code = `
      const pulumi = require("@pulumi/pulumi");
      const registered = [];
      const newResource = ({ name }) => { registered.push(name); return { id: name, state: {} }; };
      pulumi.runtime.setMocks({ newResource, call: () => ({}) });
      const { Nginx } = require("tracks/components");
      const { examineHost } = require("tracks/preflight");
      pulumi.runtime.disconnect().then(() => console.log(Nginx.name, examineHost.name, registered));`;
    const { stdout } = await execa(process.execPath, ["--eval", code], {
      cwd: join(examples, "static-host"),
    });
    expect(stdout).toBe("Nginx examineHost []");
  });

  it("has a second site on one host, each with its robots.txt", async () => {
    const before = await nginxTree();
    const names = { "docs.example.org": "docs.test", "blog.example.org": "blog.test" };
    await deploy(
      "second-site",
      shellBlock("examples/second-site/README.md", "pulumi stack init", { ...ours(), ...names }),
    );
    for (const name of ["docs.test", "blog.test"]) {
      expect(await pageOf(name)).toContain(name);
      expect(await pageOf(name, "/robots.txt")).toBe("User-agent: *\nDisallow: /\n");
    }
    await onHost("echo '# by hand' >>/etc/nginx/sites-available/blog");
    await unchanged("second-site");

    await run("second-site", "destroy", "--yes", "--skip-preview");
    await expect(pageOf("docs.test")).rejects.toThrow("ECONNREFUSED");
    expect(await nginxTree()).toBe(before);
  });

  it("finds what was changed by hand where it examines the host", async () => {
    const before = await nginxTree();
    await writeFile(
      join(examples, "static-host/Pulumi.dev.yaml"),
      "config:\n  static-host:keptLogs: 14\n",
    );
    const names = { "static.example.org": "static.test" };
    await deploy(
      "static-host",
      shellBlock("examples/static-host/README.md", "pulumi stack init", { ...ours(), ...names }),
    );
    await unchanged("static-host");
    expect(await pageOf("static.test")).toContain("static.test");
    expect(await onHost("cat /etc/logrotate.d/nginx")).toContain("rotate 14");

    await onHost("echo '# by hand' >>/etc/nginx/sites-available/static");
    expect(await run("static-host", "preview")).toContain("1 to update");
    await run("static-host", "up", "--yes", "--skip-preview");
    expect(await onHost("cat /etc/nginx/sites-available/static")).not.toContain("by hand");

    await run("static-host", "destroy", "--yes", "--skip-preview");
    await expect(pageOf("static.test")).rejects.toThrow("ECONNREFUSED");
    expect(await nginxTree()).toBe(before);
  });
});
