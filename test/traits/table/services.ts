import assert from "node:assert/strict";
import { execa } from "execa";
import { request } from "../../../dev/demo/request";
import { startFirewalld } from "../../../dev/lab/firewalld";
import { type Bench, look, type Trait } from "../trait";

const postgresql = `
  if [ ! -e /var/lib/pgsql/data/PG_VERSION ]; then
    ! dnf -q module list postgresql >/dev/null 2>&1 || dnf -q -y module enable postgresql:15
    dnf -q -y install postgresql-server
    postgresql-setup --initdb
    systemctl start postgresql
  fi`;
const hba = "/var/lib/pgsql/data/pg_hba.conf";
const managedHba = "/etc/postgresql-managed/pg_hba.conf";

/** A digest of the lines that are not ours, whose block a destroy leaves with the database. */
const withoutOurs = (file: string): string =>
  `sed '/^# BEGIN tracks/,/^# END tracks/d' ${file} | sha256sum`;

/** A rule of somebody else's, in a file that ends in the middle of its line. */
const othersRule = "host reports reporter 192.0.2.0/24 scram-sha-256";

const askShop = "curl -s -H 'Host: shop.example.org' http://127.0.0.1:8008/";

const shop = `# The shop
server {
  listen 8008;
  server_name shop.example.org;
  location / { return 200 "the shop"; }
}
# End of the shop`;

const visitorsZone =
  "zone=$(firewall-cmd --get-zone-of-interface=eth0) || zone=$(firewall-cmd --get-default-zone)";
const rulesOfFirewalld = "firewall-cmd --list-all-zones; firewall-cmd --permanent --list-all-zones";

/** What other software has set up. */
export const services: readonly Trait[] = [
  {
    name: "no-modules",
    severity: "high",
    fault:
      "a host whose repositories have no modules, as Enterprise Linux 10, is asked for a module stream of PostgreSQL, and refused",
    bites: {
      version: "4b3fb7b that takes no plain package for a stream",
      words:
        "the host's repositories have no module stream postgresql:15 (nor any other of postgresql)",
    },
    set: `
      mkdir /srv/plain
      ln -s /usr/lib/lab/repository/*.rpm /srv/plain
      cp -r /usr/lib/lab/repository/repodata /srv/plain
      sed -i '/<data type="modules">/,/<\\/data>/d' /srv/plain/repodata/repomd.xml
      sed -i 's|^baseurl=.*/repository$|baseurl=file:///srv/plain|' /etc/yum.repos.d/centos.repo
      # The lab's packages say of themselves that they are of a stream; and a plain repository has one version.
      sed -i '/srv.plain/a module_hotfixes=1\\nexcludepkgs=postgresql*13.14* postgresql*16.4*' /etc/yum.repos.d/centos.repo
      dnf -q clean all`,
    shown: {
      command: "dnf -q module list 2>&1; dnf -q repoquery postgresql-server",
      prints: /^postgresql-server-0:15\.8-\S+$/,
    },
    check: async ({ onHost }) => {
      assert.match(await onHost("rpm -q postgresql-server"), /^postgresql-server-15/);
      assert.equal(await onHost("dnf -q module list --enabled 2>/dev/null || true"), "");
    },
  },
  {
    name: "pip-user",
    severity: "high",
    fault: "pip puts packages into the home of whoever runs it, or refuses a virtualenv",
    bites: {
      version: "1e56a5c",
      words:
        "Can not perform a '--user' install. User site-packages are not visible in this virtualenv.",
    },
    dangerousWith: ["noexec", "uwsgi-epel"],
    set: `
      dnf -q -y install python3-pip
      printf '%s\\n' '' '[install]' 'user = true' >>/etc/pip.conf`,
    shown: { command: "pip3 config list | grep install", prints: "install.user='true'" },
    kept: look("/etc/pip.conf"),
  },
  {
    name: "uwsgi-epel",
    severity: "high",
    fault: "another uWSGI is asked for its version, or started, since PATH has it first",
    bites: {
      version: "1e56a5c",
      words: "pip installed uwsgi 2.0.31, but /usr/sbin/uwsgi is version 2.0.21-debian",
    },
    set: "dnf -q -y --enablerepo=others install uwsgi",
    shown: {
      command: "type -P uwsgi; uwsgi --version",
      prints: /^\/usr\/sbin\/uwsgi\n2\.0\.21\b/,
    },
    check: async ({ onHost }) => {
      const master = "/proc/$(systemctl show -p MainPID --value uwsgi)/exe";
      assert.equal(await onHost(`readlink ${master}`), "/usr/local/bin/uwsgi");
    },
    kept: look("/usr/sbin/uwsgi", "/etc/uwsgi.ini", "/usr/lib/systemd/system/uwsgi.service"),
  },
  {
    name: "pg-hba-no-newline",
    severity: "critical",
    fault: "the last rule of pg_hba.conf, whose line has no end, is lost",
    bites: { version: "1e56a5c", words: "no rule of the database reports is left" },
    dangerousWith: ["pg-hba-link"],
    set: `${postgresql}
      printf '%s' '${othersRule}' >>${hba}
      systemctl reload postgresql`,
    shown: { command: `tail -c 2 ${hba}; echo .`, prints: "56." },
    check: async ({ onHost }) => {
      const rules =
        "SELECT count(*) FROM pg_hba_file_rules WHERE database = '{reports}' AND error IS NULL";
      assert.equal(await onHost(`cd /; runuser -u postgres -- psql -XAtc "${rules}"`), "1");
      assert.equal(await onHost(`tail -c 2 ${hba}`), "56");
    },
    kept: withoutOurs(hba),
  },
  {
    name: "pg-hba-link",
    severity: "critical",
    fault:
      "a link in pg_hba.conf's place is replaced by a file, and what manages its target is cut off",
    bites: {
      version: "80590da without readlink -f",
      words: "a file of postgres's in the link's place",
    },
    set: `${postgresql}
      mkdir $(dirname ${managedHba})
      mv ${hba} ${managedHba}
      chown -R postgres: $(dirname ${managedHba})
      ln -s ${managedHba} ${hba}
      systemctl reload postgresql`,
    shown: { command: `readlink ${hba}`, prints: managedHba },
    check: async ({ onHost }) => {
      assert.match(await onHost(`cat ${managedHba}`), /^# BEGIN (tracks\S+): [^]*^# END \1$/m);
    },
    kept: `
      stat -c '%N %U:%G' ${hba}
      stat -c '%a %U:%G' ${managedHba}
      ${withoutOurs(managedHba)}`,
  },
  {
    name: "shared-nginx-conf",
    severity: "high",
    fault: "servers of others in nginx.conf vanish with it, and the preview is silent",
    bites: {
      version: "1e56a5c",
      words: "a preview that says of nginx.conf only that it was edited, and comes back on destroy",
    },
    set: async (bench) => {
      await bench.onHost(`
        dnf -q -y install nginx
        sed -i '/^http {/r /dev/stdin' /etc/nginx/nginx.conf <<'EOF'
${shop}
EOF
        systemctl enable -q --now nginx`);
    },
    shown: { command: askShop, prints: "the shop" },
    refused: {
      says: /\/etc\/nginx\/nginx\.conf\s+found: +server shop\.example\.org/,
      wayOut: `
        sed -i '/^# The shop/,/^# End of the shop/d' /etc/nginx/nginx.conf
        cat >/etc/nginx/conf.d/shop.conf <<'EOF'
${shop}
EOF
        systemctl reload nginx`,
    },
    check: async ({ onHost }) => {
      assert.equal(await onHost(askShop), "the shop");
    },
    kept: look("/etc/nginx/conf.d/shop.conf"),
    unchanged: `${look("/etc/nginx/nginx.conf")}; ${askShop}; systemctl is-enabled nginx`,
  },
  {
    name: "firewalld-zone",
    severity: "other",
    fault:
      "the deployment fails: it opens the port in firewalld's default zone, where no visitor comes in",
    bites: {
      version: "1e56a5c",
      words: "firewall-port tcp 80 is not as it shall be after the change",
    },
    dangerousWith: ["firewalld-range", "ipv6"],
    set: async ({ site, onHost }) => {
      await startFirewalld(site.deployment.host);
      await onHost(`
        firewall-cmd -q --permanent --zone=work --add-interface=eth0
        firewall-cmd -q --set-default-zone=drop
        firewall-cmd -q --reload`);
    },
    shown: {
      command: "firewall-cmd --get-default-zone; firewall-cmd --get-zone-of-interface=eth0",
      prints: "drop\nwork",
    },
    unchanged: rulesOfFirewalld,
  },
  {
    name: "firewalld-range",
    severity: "other",
    fault:
      "the deployment fails: a port that it opens within a range that is open already is not listed by itself",
    bites: {
      version: "1e56a5c",
      words: "firewall-port tcp 80 is not as it shall be after the change",
    },
    set: async ({ site, onHost }) => {
      await startFirewalld(site.deployment.host);
      await onHost(`
        ${visitorsZone}
        firewall-cmd -q --permanent --zone=$zone --add-port=80-88/tcp
        firewall-cmd -q --reload`);
    },
    shown: {
      command: `${visitorsZone}; firewall-cmd --zone=$zone --list-ports`,
      prints: "80-88/tcp",
    },
    check: async ({ onHost }) => {
      const ports = await onHost(`${visitorsZone}; firewall-cmd --zone=$zone --list-ports`);
      assert.equal(ports, "80-88/tcp");
    },
    unchanged: rulesOfFirewalld,
  },
  {
    name: "ipv6",
    severity: "high",
    fault: "visitors who come over IPv6 are refused",
    bites: { version: "1e56a5c", words: "connect ECONNREFUSED" },
    dangerousWith: ["shared-nginx-conf"],
    set: giveIpv6,
    shown: { command: "ip -6 -o addr show dev eth0 scope global", prints: /inet6 fd/ },
    check: async ({ site }) => {
      const answer = await request(
        ipv6(site.deployment.host.slot.number),
        "tracks.test",
        "/healthz/",
      );
      assert.equal(answer.status, 200);
    },
  },
];

/** An address of a network of the lab's own, by the slot of the host. */
const ipv6 = (slot: number): string => `fd00:7ac5::${slot}`;

/** In the host's network and on the bridge, where it goes with the last host. */
async function giveIpv6({ site }: Bench): Promise<void> {
  const { netns, slot } = site.deployment.host;
  const add = ["-6", "addr", "replace"];
  await execa("ip", ["-n", netns, ...add, `${ipv6(slot.number)}/64`, "dev", "eth0", "nodad"]);
  await execa("ip", [...add, `${ipv6(1)}/64`, "dev", "trackslab", "nodad"]);
}
