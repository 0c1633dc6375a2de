import { render } from "./render";

/** Values in a logrotate file. */
export interface LogrotateView {
  /** Name of the program, for the first line of the file: see `HostComponent.program`. */
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

/** Makes nginx's master open its logs again; does nothing where nginx does not run. */
export const nginxReopensLogs = `[ ! -s @@NGINX_PID@@ ] || kill -USR1 "$(cat @@NGINX_PID@@)"`;
