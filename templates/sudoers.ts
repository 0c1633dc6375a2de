import { programName } from "./program";
import { render } from "./render";

const actions = ["start", "stop", "restart", "reload", "status"];

/** Sudo rules that let a user run `/sbin/service SERVICE ACTION` for some services, and no more. */
export function renderServicesSudoers(args: { user: string; services: readonly string[] }): string {
  const commands = args.services.flatMap((service) =>
    actions.map((action) => `/sbin/service ${service} ${action}`),
  );
  return render("sudoers/services.hbs", { program: programName(), user: args.user, commands });
}
