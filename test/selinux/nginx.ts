import { expect } from "vitest";
import type { Deployment } from "../e2e/deployment";

/** Port outside http_port_t, for a site. */
export const OTHER_PORT = 8081;

/** Port outside http_port_t that no site gets. */
const CONTROL_PORT = 8082;

/** Texts in the audit log for each of {@link expectConfinement}'s controls. */
export const CONTROLS: readonly RegExp[] = [
  /denied .*name="(control|index\.html)".*httpd_t.*:default_t:.*permissive=0/,
  /denied .*name="control\.log".*httpd_t.*:httpd_config_t:.*permissive=0/,
  new RegExp(`denied +{ name_bind } .*src=${CONTROL_PORT} .*httpd_t.*permissive=0`),
];

/** Shell functions that wait for the result of a command. */
const inBash = `
    wait_until() { # WHAT COMMAND
      timeout 60 bash -c "until $2; do sleep 0.2; done" >/dev/null || { echo "not after 60 s: $1" >&2; exit 1; }
    }
    # Others serve as soon as the workers of before have ended.
    change() { # COMMAND...
      local workers=$(pgrep -d , -P "$(cat /run/nginx.pid)")
      "$@"
      wait_until "nginx has other workers than $workers" "! ps -p $workers"
    }
`;

/**
 * Shows that nginx is confined: a file of default_t, a log below /etc/nginx without its rule, and a port
 * outside http_port_t are denied. The audit log then has {@link CONTROLS}.
 */
export async function expectConfinement(deployment: Deployment): Promise<void> {
  const onHost = (command: string) => deployment.onHost(command);
  const server = (listen: number, more: string) => `server { listen ${listen}; ${more} }`;
  await onHost(`
    mkdir /control; echo unlabelled >/control/index.html; restorecon -R /control
    log=/var/log/nginx/error.log
    ${inBash}
    refused_change() { # COMMAND...
      local size=$(stat -c %s $log)
      "$@"
      wait_until "nginx refuses it in $log" "tail -c +$((size + 1)) $log | grep -F '[emerg]'"
    }
    control() { echo "$1" >/etc/nginx/conf.d/control.conf; nginx -t -q && systemctl reload nginx; }
    change control '${server(8008, "root /control;")}'
    curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:8008/index.html >/root/control
    refused_change control '${server(8008, "access_log /etc/nginx/control.log;")}'
    refused_change control '${server(CONTROL_PORT, "root /control;")}'
    curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:${CONTROL_PORT}/ >>/root/control
    rm -rf /etc/nginx/conf.d/control.conf /etc/nginx/control.log
    change systemctl reload nginx
  `);
  expect(await onHost("cat /root/control")).toBe("403\n000");
}

/** Domains of nginx's processes. */
export const nginxDomains = (deployment: Deployment): Promise<string> =>
  deployment.onHost("ps -C nginx -o label= | cut -d: -f3 | sort -u");

/** Reloads nginx as its unit does, until other workers serve. */
export async function reloadNginx(deployment: Deployment): Promise<void> {
  await deployment.onHost(`${inBash} change systemctl reload nginx`);
}

/** The port's type among the rules of this host. */
export const portRules = (deployment: Deployment): Promise<string> =>
  deployment.onHost("semanage port -l -C -n");
