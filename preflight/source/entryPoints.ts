import { errorOf, type Problem, warningOf } from "../../host/problem";
import { assignedValues, pythonCode } from "./pythonCode";
import type { SourceLayout } from "./SourceLayout";

const settingsVariable = "DJANGO_SETTINGS_MODULE";

/** Inspects the module that uWSGI loads. */
export function inspectWsgi(text: string | undefined, layout: SourceLayout): Problem[] {
  const { wsgi, settingsModule } = layout;
  if (text === undefined)
    return [
      errorOf({
        subject: wsgi,
        found: "no such file",
        allowed: "the WSGI module, which uWSGI loads",
        fix: ["add it", "or pulumi config set tracks:appPackage PACKAGE   (that has wsgi.py)"],
      }),
    ];
  const code = pythonCode(text);
  const problems: Problem[] = [];
  const modules = assignedValues(code, settingsVariable);
  if (modules.length === 0) problems.push(noSettings(wsgi, settingsModule));
  else problems.push(...inspectModule(wsgi, modules, layout));
  problems.push(...inspectProduction(wsgi, code));
  if (!/\bapplication\b/.test(code))
    problems.push(
      errorOf({
        subject: wsgi,
        found: "no `application`, which uWSGI calls",
        fix: ["add: application = get_wsgi_application()"],
      }),
    );
  return problems;
}

function noSettings(path: string, settingsModule: string): Problem {
  return errorOf({
    subject: path,
    found: `no ${settingsVariable}`,
    fix: [`add: os.environ.setdefault("${settingsVariable}", "${settingsModule}")`],
    reason: "Django finds its settings by this variable.",
  });
}

/** Inspects the program that runs migrations and collects static files. */
export function inspectManage(text: string | undefined, layout: SourceLayout): Problem[] {
  const { settingsModule } = layout;
  const path = "manage.py";
  if (text === undefined)
    return [
      errorOf({
        subject: path,
        found: "no such file",
        fix: ["add it"],
        reason: "It runs migrations and collects static files.",
      }),
    ];
  const code = pythonCode(text);
  const modules = assignedValues(code, settingsVariable);
  if (modules.length === 0) return [noSettings(path, settingsModule)];
  return [...inspectModule(path, modules, layout), ...inspectProduction(path, code)];
}

/** Checks that a file loads the settings module that chooses between production and development. */
function inspectModule(
  path: string,
  modules: readonly (string | undefined)[],
  { settingsModule }: SourceLayout,
): Problem[] {
  // The result of an expression, or of a choice between several, does not show in the text.
  const [module] = modules;
  if (module === undefined || modules.length > 1 || module === settingsModule) return [];
  if (module.startsWith(`${settingsModule}.`))
    return [
      errorOf({
        subject: path,
        found: `the settings ${module}, whatever PRODUCTION is`,
        allowed: `${settingsModule}, which chooses by PRODUCTION`,
        fix: [`load ${settingsModule} there`],
      }),
    ];
  return [
    errorOf({
      subject: path,
      found: `the settings ${module}`,
      allowed: settingsModule,
      fix: [`load ${settingsModule} there`, `or pulumi config set tracks:settingsModule ${module}`],
    }),
  ];
}

function inspectProduction(path: string, code: string): Problem[] {
  if (assignedValues(code, "PRODUCTION").length === 0) return [];
  return [
    warningOf({
      subject: path,
      found: "a line that sets PRODUCTION",
      fix: ["remove it: the service sets PRODUCTION, in production only"],
      reason: "With it every stack runs the production settings, a development stack too.",
    }),
  ];
}
