import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeKey, readPublicKey } from "../../dev/lab/keys";
import { Deployment } from "./deployment";

const unchanged = /Resources:\n\s+\d+ unchanged\n/;
/** What the run before had left to do would stand there as updated. */
const oneReplaced = /Resources:\n\s+\+-1 replaced\n\s+\d+ unchanged\n/;

/** Changes of what things are called and who applies them, none of which changes what is served. */
describe("a site that serves", () => {
  let deployment: Deployment;

  const serves = async (): Promise<void> => {
    expect((await deployment.get("/")).status).toBe(200);
    const robots = await deployment.get("/robots.txt");
    expect(await robots.text()).toBe("User-agent: *\nDisallow: /\n");
    // Running workers would serve on from a tree that is gone: the files must be whole, too.
    await deployment.onHost("nginx -t && test -x /usr/local/libexec/tracks/tracks.identity");
  };
  /** URN of the command of that name, as `--replace` takes it. */
  const urn = async (name: string): Promise<string> => {
    const { deployment: state } = JSON.parse(await deployment.state()) as {
      deployment: { resources: { urn: string }[] };
    };
    const found = state.resources.find((resource) =>
      resource.urn.endsWith(`command:remote:Command::${name}`),
    );
    if (found === undefined) throw new Error(`the stack has no command named ${name}`);
    return found.urn;
  };
  /** Everything a deployment of the site writes, with contents, owners and times. */
  const written = () =>
    deployment.onHost(
      "find /etc/nginx /microarray /etc/logrotate.d -not -path '*/log/*' -printf '%p %u:%g %m %T@ %l\\n' | sort; " +
        "find /etc/nginx /microarray /etc/logrotate.d -type f -not -path '*/log/*' -exec sha256sum {} + | sort",
    );
  const processes = () => deployment.onHost("ps -C nginx -o pid=,lstart= | sort");

  beforeAll(async () => {
    deployment = await Deployment.create("identity", { program: "test/e2e/programs/site.ts" });
    await deployment.set("serverNames", '["tracks.example.org"]');
    await deployment.up();
    await serves();
  });
  afterAll(() => deployment.dispose());

  it("is refused in a preview where no Nginx takes it", async () => {
    await deployment.useProgram("test/e2e/programs/untakenSite.ts");
    const { exitCode, text } = await deployment.pulumi("preview");
    await deployment.useProgram("test/e2e/programs/site.ts");
    expect(exitCode).not.toBe(0);
    expect(text).toMatch(/error: .*NginxSite "first"\n +given: +no Nginx that serves it/);
    expect(text).toMatch(/error: .*NginxSite "second"\n +given: +no Nginx that serves it/);
  });

  it("serves on after one of its commands is replaced, and has nothing left to do", async () => {
    for (const name of ["nginx", "robots", "host-script"]) {
      expect(await deployment.up("--replace", await urn(name)), name).toMatch(oneReplaced);
      await serves();
    }
    expect(await deployment.up()).toMatch(unchanged);
  });

  it("has nothing left to do when a repaired resource is replaced", async () => {
    await deployment.onHost("echo '# edited' >>/etc/nginx/nginx.conf");
    expect(await deployment.up()).toMatch(/1 updated/);
    expect(await deployment.up("--replace", await urn("nginx"))).toMatch(/1 replaced/);
    expect(await deployment.up()).toMatch(unchanged);
  });

  it.each([
    ["resources are", "renamed", "web-server"],
    ["host is", "renamedHost", "machine-script"],
  ])("serves on when its %s renamed in the program, and back", async (_, program, newName) => {
    const before = await written();
    for (const name of [program, "site"]) {
      await deployment.useProgram(`test/e2e/programs/${name}.ts`);
      const printed = await deployment.up();
      expect(printed).toMatch(/\d+ created/);
      expect(printed).toMatch(/\d+ deleted/);
      await serves();
      expect(await deployment.up()).toMatch(unchanged);
      if (name === program) expect(await urn(newName)).toContain(newName);
    }
    expect(await written()).toBe(before);
  });

  it("takes a new SSH key without a change on the host, and destroys without the old one", async () => {
    const newKey = join(deployment.folder, "new-key");
    await makeKey("ed25519", newKey, "tracks");
    const publicKey = await readPublicKey(newKey);
    await deployment.onHost(`echo '${publicKey}' >>/root/.ssh/authorized_keys`);
    const before = { written: await written(), processes: await processes() };

    await deployment.set("privateKeyFile", newKey);
    expect(await deployment.succeed("preview")).toMatch(/A delete uses the login of the last/);
    // The script's own command, packages, nginx and robots.
    expect(await deployment.up()).toMatch(/4 updated/);
    expect({ written: await written(), processes: await processes() }).toEqual(before);
    expect(await deployment.up()).toMatch(unchanged);

    await deployment.onHost(
      `grep -vF '${deployment.host.publicKey}' /root/.ssh/authorized_keys >/root/keys; cat /root/keys >/root/.ssh/authorized_keys`,
    );
    await deployment.succeed("destroy", "--yes", "--skip-preview", "--run-program");
    expect(
      await deployment.onHost(
        "ls -d /etc/nginx/sites-enabled/tracks /usr/local/libexec/tracks/tracks.identity 2>/dev/null || true",
      ),
    ).toBe("");
  });
});
