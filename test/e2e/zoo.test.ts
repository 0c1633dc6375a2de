import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeWheels } from "../host/pythonPackages";
import type { Row } from "../sampleDump";
import { SampleSite } from "./sampleSite";
import { makeZooDump, zooModels } from "./zooDump";
import { installed, makeZoo, manyFiles, oddNames, setupOf } from "./zooSource";

/**
 * Inputs that are odd, and right: all of them deployed at once, as one site.
 *
 * Those that the preview refuses stand in ../unit/zoo, in a table for each kind of input.
 */
describe("a site whose every input is odd", () => {
  let site: SampleSite;
  let large: string;
  let dump: Row[];
  const onHost = (command: string) => site.deployment.onHost(command);

  beforeAll(async () => {
    site = await SampleSite.create("zoo", { siteSnippet: snippet });
    const { folder } = site;
    dump = await makeZooDump(folder);
    large = await makeZoo(folder);
    writeWheels(join(folder, "wheelhouse"), "zoo-chili==2.0");
    writeWheels(join(folder, "wheelhouse"), "zoo-beans==1.0: zoo-chili; extra == 'hot'");
    writeWheels(join(folder, "vendor"), "roast==1.0");
    await writeFile(join(site.deployment.folder, "old.json"), `\uFEFF${JSON.stringify(dump)}\r\n`);
    await site.deployment.set("migrationDump", join(site.deployment.folder, "old.json"));
    await onHost(serveIndex);
    await site.up();
  });
  afterAll(() => site.dispose());

  it("has every package that its requirements name, in each of their forms", async () => {
    const packages = JSON.parse((await site.ask("/packages/")).body) as Record<string, string>;
    expect(packages).toMatchObject(installed);
  });

  it("warns in its preview of each oddity, and shows no password", () => {
    expect(site.printed).toMatch(
      /git\+http:\/\/127\.0\.0\.1:8070\/grind\.git@main, which is a branch/,
    );
    expect(site.printed).toMatch(/a password in http:\/\/\*{4}@127\.0\.0\.1:8070\/simple/);
    expect(site.printed).toMatch(/\.env\n\s+found: +a file that looks like a secret/);
    expect(site.printed).not.toMatch(/open@|@sesame|TOKEN/);
  });

  it.each(oddNames)("serves %j", async (name) => {
    for (const folder of ["zoo", "cage"])
      expect(await site.ask(`/static/${folder}/${encodeURIComponent(name)}`)).toMatchObject({
        status: 200,
        body: name,
      });
  });

  it("has every file, whole, and with no more rights than its owner gave it", async () => {
    const list =
      await onHost(`cd /microarray/tracks/ && sha256sum large.bin && find many -type f | wc -l &&
      stat -c '%U %a %n' mine.ini nobody.ini setuid.sh .env && readlink dangling roasted/templates/link.txt && ls -A empty`);
    expect(list.split("\n")).toEqual([
      `${large}  large.bin`,
      String(manyFiles),
      "deployer 600 mine.ini",
      "deployer 600 nobody.ini",
      "deployer 755 setuid.sh",
      "deployer 600 .env",
      "not there yet",
      "../static/zoo/it's.txt",
    ]);
  });

  it("has every row of the old site, as it was", async () => {
    const rows = JSON.parse(
      await site.asDeployer(
        `cd /microarray/tracks; /home/deployer/venv/bin/python manage.py dumpdata --natural-foreign ${zooModels.join(" ")} </dev/null`,
      ),
    ) as Row[];
    const sorted = (all: Row[]) =>
      all.map((row) => JSON.stringify(row)).sort((one, other) => (one < other ? -1 : 1));
    expect(sorted(rows)).toEqual(sorted(dump));
  });

  it("obeys the snippet", async () => {
    expect((await site.ask("/moved/")).headers.location).toBe("https://example.test/moved/");
    expect((await site.ask("/closed/")).status).toBe(403);
    expect((await site.ask("/healthz/")).headers).toMatchObject({ "x-zoo": "a;}b" });
  });

  it.each<[string, string, RegExp]>([
    ["a directive that there isn't", "brew on;", /unknown directive "brew"/],
    ["a file that isn't there", "include /nowhere/x.conf;", /open\(\) "\/nowhere\/x\.conf" failed/],
    [
      "a reason that a comment also has",
      "# [emerg] no fault\nbrew on;",
      /unknown directive "brew"/,
    ],
  ])(
    "has a snippet with %s refused, and nothing of nginx touched",
    async (_what, wrong, reason) => {
      // The program's own manifest, by the program on the host: an `up` for each would take too long.
      const script = "/usr/local/libexec/tracks/tracks.zoo";
      const lines = wrong.split("\n").map((line) => `|     ${line}`);
      await onHost(`cat >/root/wrong <<'END'\n${lines.join("\n")}\nEND`);
      const run =
        await onHost(`cd /var/lib/tracks/resources/tracks.zoo && name=$(grep -l X-Zoo */manifest) &&
      sed -e '/X-Zoo/{r /root/wrong' -e 'd}' $name >/root/manifest &&
      before=$(cat /etc/nginx/sites-available/tracks | sha256sum) && master=$(cat /run/nginx.pid) &&
      ! ${script} apply \${name%/manifest} </root/manifest 2>&1 &&
      [ "$before $master" = "$(cat /etc/nginx/sites-available/tracks | sha256sum) $(cat /run/nginx.pid)" ] && echo untouched`);
      expect(run).toMatch(reason);
      expect(run).toMatch(/untouched$/);
    },
  );

  it("takes requirements that pin by hash", async () => {
    const lines = await site.asDeployer(hashes);
    await writeFile(join(site.folder, "requirements.txt"), lines);
    for (const path of ["large.bin", "many"])
      await rm(join(site.folder, path), { recursive: true });
    await site.up();
    const packages = JSON.parse((await site.ask("/packages/")).body) as Record<string, string>;
    expect(packages).toMatchObject({ django: "4.2.30", "psycopg2-binary": "2.9.10" });
    expect(packages).not.toHaveProperty("zoo-beans");
  });
});

const snippet = [
  "# it's } a comment, [emerg] too",
  'add_header X-Zoo "a;}b" always;',
  "set $gone https://example.test;",
  "location /moved/ {",
  "    return 301 $gone/moved/;",
  "}",
  "location /closed/ { deny all; }",
  "",
].join("\r\n");

/** An index and a repository, as a host of the team's would serve them. */
const serveIndex = `
mkdir -p /srv/zoo/simple/zoo-indexed /srv/zoo/grind && cd /srv/zoo
cat >grind/setup.py <<'END'
${setupOf("grind")}END
mkdir -p work/zoo_indexed-1.0 && cat >work/zoo_indexed-1.0/setup.py <<'END'
${setupOf("zoo-indexed")}END
cat >work/zoo_indexed-1.0/PKG-INFO <<'END'
Metadata-Version: 2.1
Name: zoo-indexed
Version: 1.0
END
tar -czf simple/zoo-indexed/zoo_indexed-1.0.tar.gz -C work zoo_indexed-1.0
yum -y -q install git >/dev/null 2>&1
git -c init.defaultBranch=main init -q grind && git -C grind add . 
git -C grind -c user.name=t -c user.email=t@example.org commit -q -m one
git clone -q --bare grind grind.git && git -C grind.git update-server-info
systemd-run --quiet --unit zoo-index --working-directory /srv/zoo python3 -m http.server --bind 127.0.0.1 8070`;

/** What a team would write with pip's own help: each package with the hash of what the index has. */
const hashes = `
cd $(mktemp -d)
for one in Django==4.2.30 asgiref==3.11.1 sqlparse==0.5.5 psycopg2-binary==2.9.10; do
  /home/deployer/venv/bin/python -m pip download -q --no-deps $one >/dev/null 2>&1
done
for one in *; do
  name=\${one%%-[0-9]*}; version=\${one#"$name"-}; version=\${version%%-*}; version=\${version%.tar.gz}
  echo "$name==$version \\\\"
  echo "    --hash=sha256:$(sha256sum $one | cut -d' ' -f1)"
done`;
