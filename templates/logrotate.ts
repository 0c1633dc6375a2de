import { render } from "./render";

/** What a logrotate file depends on. */
export interface LogrotateView {
  /** Who writes the file, for its first line: see `HostComponent.program`. */
  program: string;
  logs: readonly string[];
  /** @default "daily" */
  frequency: "daily" | "weekly" | "monthly";
  /** Rotated logs that are kept. @default 52 */
  rotate: number;
  /** Also rotated when larger than this, megabytes. @default never for its size alone */
  maxSizeMegabytes: number | undefined;
  /** Mode, owner and group of the new log. @default "0640", "root", "root" */
  createMode: string;
  createOwner: string;
  createGroup: string;
  postrotate: string;
}

/** The text of a file in /etc/logrotate.d. */
export function renderLogrotate(view: LogrotateView): string {
  return render("logrotate/logrotate.hbs", {
    ...view,
    maxSizeMegabytes: view.maxSizeMegabytes ?? 0,
    postrotate: view.postrotate
      .trimEnd()
      .split("\n")
      .map((line) => `        ${line}`)
      .join("\n"),
  });
}

/** The text of a drop-in of logrotate.service which lets it write to some directories. */
export function renderWritableLogs(view: { program: string; directories: readonly string[] }): string {
  return render("logrotate/writable.conf.hbs", view);
}

/** Tells nginx's master to open its logs anew; silent where nginx does not run. */
export const nginxReopensLogs = `[ ! -s @@NGINX_PID@@ ] || kill -USR1 "$(cat @@NGINX_PID@@)"`;
