import { inspectManage, inspectWsgi } from "./entryPoints";
import { fault, type SourceFiles, type SourceFinding } from "./finding";
import { inspectSettings } from "./settings";
import type { SourceLayout } from "./SourceLayout";

/**
 * Everything in an application's source that would fail on the host, or surprise there.
 *
 * Pure, so that the same rules hold for a folder on this machine and for a commit on the host. They
 * look at the text, not at what it does when it runs: what can be written in many ways gets a
 * warning, and only what can't work is a fault.
 */
export function inspectFiles(files: SourceFiles, layout: SourceLayout): SourceFinding[] {
  const { wsgi, settingsModule } = layout;
  // One word about the wrong folder, not one for each file that isn't there.
  if (files.size === 0)
    return [
      fault(
        "manage.py",
        `there is neither manage.py nor ${wsgi} nor the settings ${settingsModule}. The source must be the folder that holds manage.py: name that one, or the names that these have there.`,
      ),
    ];
  return [
    ...inspectWsgi(files.get(wsgi), layout),
    ...inspectManage(files.get("manage.py"), layout),
    ...inspectSettings(files, layout),
  ];
}
