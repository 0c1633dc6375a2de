/** Paths in an application's source that a deployment needs. */
export interface SourceLayout {
  /** Dotted name of the settings that manage.py and the WSGI module load, such as `tracks.settings`. */
  readonly settingsModule: string;
  /** Path of the WSGI module, such as `tracks/wsgi.py`. */
  readonly wsgi: string;
  /** Path of the file for `pip install -r`, such as `requirements.txt`. */
  readonly requirementsFile: string;
}

/** Contents of the files that `isInspected` names, by their paths; a missing path does not exist. */
export type SourceFiles = ReadonlyMap<string, string>;

/** `tracks/settings`, for `tracks.settings`. */
export function settingsFolder({ settingsModule }: SourceLayout): string {
  return settingsModule.replaceAll(".", "/");
}

/** Whether the inspection reads this Python file; it reads a dozen at most. */
export function isInspected(layout: SourceLayout, path: string): boolean {
  const settings = settingsFolder(layout);
  if (["manage.py", layout.wsgi, `${settings}.py`].includes(path)) return true;
  return path.startsWith(`${settings}/`) && /^[^/]+\.py$/.test(path.slice(settings.length + 1));
}
