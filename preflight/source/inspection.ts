import { inspectManage, inspectWsgi } from "./entryPoints";
import { errorOf, type Problem } from "../../host/problem";
import { inspectSettings } from "./settings";
import type { SourceFiles, SourceLayout } from "./SourceLayout";

/**
 * Finds everything in an application's source that would fail on the host, or behave differently there.
 *
 * It is pure, so that the same rules apply to a folder on this machine and to a commit on the host. The
 * rules look at the text, and do not run it: code that could be written in many ways gets a warning, and
 * only code that can't work is an error.
 */
export function inspectFiles(files: SourceFiles, layout: SourceLayout): Problem[] {
  const { wsgi, settingsModule } = layout;
  // One problem for a wrong folder, not one for each missing file.
  if (files.size === 0)
    return [
      errorOf({
        subject: "manage.py",
        found: `neither manage.py nor ${wsgi} nor the settings ${settingsModule}`,
        allowed: "the folder that has manage.py",
        fix: [
          "pulumi config set tracks:sourceFolder FOLDER",
          "or correct tracks:appPackage and tracks:settingsModule, where these have other names",
        ],
      }),
    ];
  return [
    ...inspectWsgi(files.get(wsgi), layout),
    ...inspectManage(files.get("manage.py"), layout),
    ...inspectSettings(files, layout),
  ];
}
