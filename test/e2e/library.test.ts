import { existsSync } from "node:fs";
import { cp, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devPassphrase } from "../../dev/demo/stacks";
import { request } from "../../dev/demo/request";
import { down, exec, type LabHost, up } from "../../dev/lab/host";
import { embeddedEnvironment } from "../../dev/toolchain/embeddedStack";
import { ensureToolchain, type Toolchain } from "../../dev/toolchain/toolchain";
import { temporaryFolder } from "../temporaryFolder";

const root = join(__dirname, "../..");
const hostName = "library";

/** The examples as their readers have them: installed from the package, outside of the checkout. */
describe("a program of one's own", () => {
  const folder = temporaryFolder("library", afterAll);
  const examples = join(folder, "examples");
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

  /** Makes the package from a copy of the checkout, and installs it for both examples. */
  async function install(): Promise<void> {
    const checkout = join(folder, "checkout");
    // Not what somebody installed or made there.
    const left = ["node_modules", ".git", ".lab", "dist", "package-lock.json"];
    const isOurs = (path: string) => !left.includes(basename(path));
    await cp(root, checkout, { recursive: true, filter: isOurs });
    await cp(join(checkout, "examples"), examples, { recursive: true });
    await symlink(join(root, "node_modules"), join(checkout, "node_modules"));
    const pack = ["run", "--silent", "tarball", "--", "--json", "--pack-destination", folder];
    const { stdout } = await execa("npm", pack, { cwd: checkout });
    const [tarball] = JSON.parse(stdout) as { files: { path: string }[] }[];
    packed = tarball?.files.map(({ path }) => path) ?? [];
    const first = join(examples, "second-site");
    const quick = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
    await execa("npm", ["install", ...quick], { cwd: first });
    // Both depend on the same.
    await symlink(join(first, "node_modules"), join(examples, "static-host/node_modules"));
  }

  async function onHost(command: string): Promise<string> {
    const { exitCode, stdout, stderr } = await exec(host, command);
    if (exitCode !== 0) throw new Error(`on the host: ${command}\nexited ${exitCode}: ${stderr}`);
    return stdout;
  }

  /** Nginx's configuration, without the logs, which stay: names, modes, owners, targets and contents. */
  const nginxTree = () =>
    onHost(
      "cd /etc/nginx && find . -path ./logs -prune -o -printf '%p %M %u %g %l\\n' | sort && find . -path ./logs -prune -o -type f -exec sha256sum {} + | sort",
    );

  /** Deploys an example as its README says. */
  async function deploy(example: string, settings: Record<string, string>): Promise<void> {
    const { address, hostKey, identityFile: privateKeyFile } = host;
    const all = { host: address, hostKey, privateKeyFile, ...settings };
    const flags = Object.entries(all).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
    await run(example, "stack", "init", "test");
    await run(example, "config", "set-all", ...flags);
    await run(example, "preview");
    await run(example, "up", "--yes", "--skip-preview");
  }

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

  it("gets the components, compiled, and the texts for the host: no test, no stack, nothing of the equipment", () => {
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
    await deploy("second-site", { docsName: "docs.test", blogName: "blog.test" });
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
    await deploy("static-host", { serverNames: '["static.test"]', keptLogs: "14" });
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
