import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shellBlock } from "../pages";
import { Deployment } from "./deployment";
import { atTerminal } from "./terminal";

/** A host that somebody set up by hand, as the notes tell: named in the preview, kept, given back. */
describe("a host set up by hand", () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.create("adoption");
    await deployment.set("serverNames", '["tracks.example.org"]');
    await deployment.onHost(
      [
        "yum -y -q install nginx >/dev/null 2>&1",
        "useradd -m -s /bin/sh deployer && echo 'notes' >/home/deployer/notes.txt",
        "mkdir -p /etc/nginx/sites-available /etc/nginx/sites-enabled /microarray/robots",
        "sed -i 's/^http {/&\\nserver { server_name shop.example.org; return 200; } # shop/' /etc/nginx/nginx.conf",
        "echo '# by hand' >>/etc/nginx/nginx.conf",
        "echo '# hand-made site' >/etc/nginx/sites-available/tracks",
        "ln -s /etc/nginx/sites-available/tracks /etc/nginx/sites-enabled/tracks",
        "echo 'User-agent: old' >/microarray/robots/robots.txt",
        "printf 'server { listen 80 default_server; return 200 other; }\\n' >/etc/nginx/conf.d/other.conf",
        "systemctl enable --now nginx >/dev/null 2>&1 || true",
      ].join("; "),
    );
  });
  afterAll(() => deployment.dispose());

  it("has what will be replaced, and what conflicts, named in the preview", async () => {
    const preview = await deployment.succeed("preview");
    expect(preview).toMatch(/deployer.*exists|user deployer/);
    expect(preview).toMatch(/conf\.d\/other\.conf/);
    expect(preview).toMatch(/nginx\.conf\n\s+found: {3}edits by hand/);
    expect(preview).toMatch(/sites-available\/tracks\n[^]*?up keeps a copy/);
    expect(preview).toMatch(/robots\.txt\n[^]*?up keeps a copy/);
    // A warning is broken into lines.
    expect(preview.replaceAll(/\s+/g, " ")).toContain(
      "up will be refused: /etc/nginx/nginx.conf found: server shop.example.org fix: move servers",
    );
    await deployment.onHost("sed -i '/# shop$/d' /etc/nginx/nginx.conf");
  });

  it("is refused while another site is the default server, and nothing of it is touched", async () => {
    expect(await deployment.upFails()).toMatch(
      /conf\.d\/other\.conf\n\s+found: {3}the default server on port 80: listen 80 default_server;/,
    );
    expect(await deployment.onHost("tail -n 1 /etc/nginx/nginx.conf")).toBe("# by hand");
    expect(await deployment.onHost("cat /etc/nginx/sites-available/tracks")).toBe(
      "# hand-made site",
    );
  });

  it("is adopted once that is fixed, with its files kept aside", async () => {
    await deployment.set("defaultServer", "false");
    await deployment.up();
    const response = await fetch(`http://${deployment.host.address}/robots.txt`);
    expect(await response.text()).toBe("other");
    const own = await deployment.onHost(
      "curl -s -H 'Host: tracks.example.org' http://127.0.0.1/robots.txt",
    );
    expect(own).toBe("User-agent: *\nDisallow: /");
    expect(await deployment.onHost("grep -rl '# by hand' /var/lib/tracks/kept")).not.toBe("");
    expect(await deployment.onHost("cat /home/deployer/notes.txt")).toBe("notes");
  });

  it("gets everything back on destroy", async () => {
    const { folder, environment } = deployment;
    const destroy = shellBlock("docs/destroy.md", "pulumi destroy");
    expect(await atTerminal(destroy, { folder, environment })).toMatch(/- \d+ deleted/);
    expect(await deployment.onHost("tail -n 1 /etc/nginx/nginx.conf")).toBe("# by hand");
    expect(await deployment.onHost("cat /etc/nginx/sites-available/tracks")).toBe(
      "# hand-made site",
    );
    expect(await deployment.onHost("readlink /etc/nginx/sites-enabled/tracks")).toBe(
      "/etc/nginx/sites-available/tracks",
    );
    expect(await deployment.onHost("cat /microarray/robots/robots.txt")).toBe("User-agent: old");
    expect(await deployment.onHost("getent passwd deployer | cut -d: -f7")).toBe("/bin/sh");
  });
});
