import { render } from "./render";

const actions = ["start", "stop", "restart", "reload", "status"];

/** Sudo rules that let a user run `/sbin/service SERVICE ACTION` for some services, and no more. */
export function renderServicesSudoers(args: {
  program: string;
  user: string;
  services: readonly string[];
  /** File of variables that sudo sets; see {@link renderSudoEnvironment}. */
  environmentFile: string;
}): string {
  const commands = args.services.flatMap((service) =>
    actions.map((action) => `/sbin/service ${service} ${action}`),
  );
  return render("sudoers/services.hbs", {
    program: args.program,
    user: args.user,
    environmentFile: args.environmentFile,
    commands,
  });
}

/**
 * Variables of the user's commands under sudo.
 *
 * `service NAME status` ends in systemctl, which would show a long status in a pager run as root,
 * and a pager can run any command for its user.
 */
export function renderSudoEnvironment(view: { program: string }): string {
  return render("sudoers/environment.hbs", view);
}
