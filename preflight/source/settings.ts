import { errorOf, type Problem, warningOf } from "../../host/problem";
import { pythonCode } from "./pythonCode";
import { settingsFolder, type SourceFiles, type SourceLayout } from "./SourceLayout";

/** Inspects the settings package: the host adds local.py to it, and PRODUCTION chooses between its modules. */
export function inspectSettings(files: SourceFiles, layout: SourceLayout): Problem[] {
  const folder = settingsFolder(layout);
  const modules = settingsModules(files, layout);
  const problems = inspectPackage(files, layout);
  const local = `${folder}/local.py`;
  if (files.has(local))
    problems.push(
      warningOf({
        subject: local,
        found: "local settings in the source",
        fix: ["change the secrets in it", `git rm --cached ${local}; add it to .gitignore`],
        reason: "The host replaces it with its own.",
      }),
    );
  if (modules.size > 0) problems.push(...inspectChoice(modules, `${folder}/__init__.py`));
  for (const [path, code] of modules)
    if (truthOfProduction.test(code))
      problems.push(
        warningOf({
          subject: path,
          found: "a test for the value of PRODUCTION, for which an empty value is no production",
          allowed: '"PRODUCTION" in os.environ, for which an empty value is production',
          reason: "The service sets it to 1 or not at all. A person may set it to an empty value.",
        }),
      );
  return problems;
}

/** Code of the settings' modules, without local.py, by path. */
function settingsModules(files: SourceFiles, layout: SourceLayout): Map<string, string> {
  const folder = settingsFolder(layout);
  return new Map(
    [...files]
      .filter(([path]) => path === `${folder}.py` || path.startsWith(`${folder}/`))
      .filter(([path]) => path !== `${folder}/local.py`)
      .map(([path, text]) => [path, pythonCode(text)]),
  );
}

function inspectPackage(files: SourceFiles, layout: SourceLayout): Problem[] {
  const folder = settingsFolder(layout);
  const init = `${folder}/__init__.py`;
  if (files.has(init)) return [];
  const module = `${folder}.py`;
  if (files.has(module))
    return [
      errorOf({
        subject: module,
        found: "settings in one file",
        allowed: "a package",
        fix: [`mkdir ${folder}; git mv ${module} ${init}`],
        reason: `The host adds its own settings, ${folder}/local.py.`,
      }),
    ];
  return [
    errorOf({
      subject: init,
      found: "no such file",
      allowed: `a package of settings, ${layout.settingsModule}`,
      fix: ["add it", "or pulumi config set tracks:settingsModule MODULE"],
    }),
  ];
}

function inspectChoice(modules: ReadonlyMap<string, string>, init: string): Problem[] {
  const code = [...modules.values()].join("\n");
  const problems: Problem[] = [];
  if (!importOfLocal.test(code))
    problems.push(
      warningOf({
        subject: init,
        found: "no import of local.py",
        fix: ["add at the end of the production settings: from .local import *"],
        reason:
          "local.py has DATABASES, SECRET_KEY, ALLOWED_HOSTS, STATIC_ROOT and MEDIA_ROOT of production.",
      }),
    );
  if (!/["']PRODUCTION["']/.test(code))
    problems.push(
      warningOf({
        subject: init,
        found: "no test for PRODUCTION",
        fix: ['choose the settings by: "PRODUCTION" in os.environ'],
        reason: "Production and development would run the same settings.",
      }),
    );
  return problems;
}

/** Also matches its name or path as a string, as for import_module and include. */
const importOfLocal =
  /\bfrom\s+(?:[\w.]*\.)?local\s+import\b|\bfrom\s+\.\s+import\b.*\blocal\b|\bimport\s+[\w.]+\.local\b|["'][\w./]*\blocal(?:\.py)?["']/;

/** The truth of the value, rather than a comparison. */
const truthOfProduction =
  /(?:environ\s*\.\s*get|getenv)\s*\(\s*(["'])PRODUCTION\1\s*(?:,[^)]*)?\)(?!\s*(?:is\b|in\b|not\b|==|!=))/;
