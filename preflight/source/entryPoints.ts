import { fault, type SourceFinding, warning } from "./finding";
import { assignedValues, pythonCode } from "./pythonCode";
import type { SourceLayout } from "./SourceLayout";

const settingsVariable = "DJANGO_SETTINGS_MODULE";

/** The module that uWSGI loads. */
export function inspectWsgi(text: string | undefined, layout: SourceLayout): SourceFinding[] {
  const { wsgi, settingsModule } = layout;
  if (text === undefined)
    return [
      fault(wsgi, "there is no such WSGI module, and uWSGI needs one. Add it, or name another."),
    ];
  const code = pythonCode(text);
  const findings: SourceFinding[] = [];
  const modules = assignedValues(code, settingsVariable);
  if (modules.length === 0)
    findings.push(
      fault(
        wsgi,
        `sets no ${settingsVariable}, so that Django finds no settings. Add os.environ.setdefault("${settingsVariable}", "${settingsModule}").`,
      ),
    );
  else findings.push(...inspectModule(wsgi, modules, layout));
  findings.push(...inspectProduction(wsgi, code));
  if (!/\bapplication\b/.test(code))
    findings.push(
      fault(
        wsgi,
        "defines no `application`, which uWSGI calls. Add application = get_wsgi_application().",
      ),
    );
  return findings;
}

/** What runs migrations and collects static files. */
export function inspectManage(text: string | undefined, layout: SourceLayout): SourceFinding[] {
  const { settingsModule } = layout;
  const path = "manage.py";
  if (text === undefined)
    return [fault(path, "there is none, and migrations and static files need it.")];
  const code = pythonCode(text);
  const modules = assignedValues(code, settingsVariable);
  if (modules.length === 0)
    return [
      fault(
        path,
        `sets no ${settingsVariable}. Add os.environ.setdefault("${settingsVariable}", "${settingsModule}").`,
      ),
    ];
  return [...inspectModule(path, modules, layout), ...inspectProduction(path, code)];
}

/** The one settings module, which dispatches: neither production's nor another. */
function inspectModule(
  path: string,
  modules: readonly (string | undefined)[],
  { settingsModule }: SourceLayout,
): SourceFinding[] {
  // An expression, or a choice of its own: what comes of it is not to be seen here.
  const [module] = modules;
  if (module === undefined || modules.length > 1 || module === settingsModule) return [];
  if (module.startsWith(`${settingsModule}.`))
    return [
      fault(
        path,
        `hard-codes the settings ${module}, whatever PRODUCTION says. Let it load ${settingsModule}, which chooses by PRODUCTION.`,
      ),
    ];
  return [
    fault(
      path,
      `loads the settings ${module}, but the configuration says ${settingsModule}. Change one of them.`,
    ),
  ];
}

function inspectProduction(path: string, code: string): SourceFinding[] {
  if (assignedValues(code, "PRODUCTION").length === 0) return [];
  return [
    warning(
      path,
      "sets PRODUCTION itself, so that every stack runs the production settings, dev too. Leave it to the service, which sets it in production only.",
    ),
  ];
}
