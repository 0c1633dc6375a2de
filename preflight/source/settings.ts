import { fault, type SourceFinding, type SourceFiles, warning } from "./finding";
import { pythonCode } from "./pythonCode";
import { settingsFolder, type SourceLayout } from "./SourceLayout";

/** The settings package: where the host's own settings go, and how it tells production from dev. */
export function inspectSettings(files: SourceFiles, layout: SourceLayout): SourceFinding[] {
  const folder = settingsFolder(layout);
  const modules = settingsModules(files, layout);
  const findings = inspectPackage(files, layout);
  const local = `${folder}/local.py`;
  if (files.has(local))
    findings.push(
      warning(
        local,
        "is part of the source. The host's own takes its place; change the secrets in it, and let git ignore it.",
      ),
    );
  if (modules.size > 0) findings.push(...inspectChoice(modules, `${folder}/__init__.py`));
  for (const [path, code] of modules)
    if (truthOfProduction.test(code))
      findings.push(
        warning(
          path,
          'takes an empty PRODUCTION for an absent one, while "PRODUCTION" in os.environ takes it for production. The service sets it to 1 or not at all; whoever sets it empty by hand may expect the other.',
        ),
      );
  return findings;
}

/** Code of the settings' modules, but for local.py, by path. */
function settingsModules(files: SourceFiles, layout: SourceLayout): Map<string, string> {
  const folder = settingsFolder(layout);
  return new Map(
    [...files]
      .filter(([path]) => path === `${folder}.py` || path.startsWith(`${folder}/`))
      .filter(([path]) => path !== `${folder}/local.py`)
      .map(([path, text]) => [path, pythonCode(text)]),
  );
}

function inspectPackage(files: SourceFiles, layout: SourceLayout): SourceFinding[] {
  const folder = settingsFolder(layout);
  const init = `${folder}/__init__.py`;
  if (files.has(init)) return [];
  const module = `${folder}.py`;
  if (files.has(module))
    return [
      fault(
        module,
        `is one file, and the host's own settings are to lie beside it, in ${folder}/local.py. Make it a package: move it to ${init}.`,
      ),
    ];
  return [
    fault(
      init,
      `there is no such file, and the settings ${layout.settingsModule} must be a package. Add it, or name another.`,
    ),
  ];
}

function inspectChoice(modules: ReadonlyMap<string, string>, init: string): SourceFinding[] {
  const code = [...modules.values()].join("\n");
  const findings: SourceFinding[] = [];
  if (!importOfLocal.test(code))
    findings.push(
      warning(
        init,
        "nothing here imports local.py, which gives production its DATABASES, SECRET_KEY, ALLOWED_HOSTS, STATIC_ROOT and MEDIA_ROOT. End the production settings with from .local import *.",
      ),
    );
  if (!/["']PRODUCTION["']/.test(code))
    findings.push(
      warning(
        init,
        'nothing here looks at PRODUCTION, so that production and dev run the same settings. Choose by "PRODUCTION" in os.environ.',
      ),
    );
  return findings;
}

/** Also by its name or path, as import_module and include do it. */
const importOfLocal =
  /\bfrom\s+(?:[\w.]*\.)?local\s+import\b|\bfrom\s+\.\s+import\b.*\blocal\b|\bimport\s+[\w.]+\.local\b|["'][\w./]*\blocal(?:\.py)?["']/;

/** The value's truth, where a comparison would say what is meant. */
const truthOfProduction =
  /(?:environ\s*\.\s*get|getenv)\s*\(\s*(["'])PRODUCTION\1\s*(?:,[^)]*)?\)(?!\s*(?:is\b|in\b|not\b|==|!=))/;
