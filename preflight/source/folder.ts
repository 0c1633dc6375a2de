import type { AppSource } from "../../components/args/DjangoApp";
import type { HostFacts } from "../../host/facts";
import type { StackConfig } from "../../settings/configuration";
import type { Problem } from "../../host/problem";
import { failingIn } from "../../host/ProblemError";
import { inStackKeys } from "../../settings/argumentKeys";
import { inspectSource } from "./inspectSource";
import { packSource } from "./packSource";
import { sourceError } from "./sourceError";

type FolderSource = Extract<AppSource, { kind: "folder" }>;

/** A packed source, and what its author should know. */
interface PackedFolder {
  readonly source: FolderSource;
  readonly warnings: readonly Problem[];
}

/**
 * Inspects and packs a source on this machine; undefined for a git source.
 *
 * @throws {@link ProblemError} with everything that can't be deployed, in the stack's settings
 */
export function packFolder(
  application: NonNullable<StackConfig["application"]>,
): Promise<PackedFolder | undefined> {
  return failingIn(inStackKeys, pack(application));
}

async function pack({
  django,
  database,
}: NonNullable<StackConfig["application"]>): Promise<PackedFolder | undefined> {
  const { source, settingsModule, wsgi, requirements } = django;
  if (source.kind === "git") return undefined;
  const layout = { settingsModule, wsgi, requirementsFile: requirements };
  const problems = await inspectSource(source.folder, layout, {
    postgresql: database !== undefined,
    extra: django.extraRequirements,
  });
  const errors = problems.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw sourceError(source.folder, errors);
  const archive = await packSource(source.folder);
  return { source: { kind: "folder", archive }, warnings: problems };
}

/** Whether the host runs the release of this archive. */
export function isDeployed(source: FolderSource, facts: HostFacts | undefined): boolean {
  const release = `/${source.archive.sha256.slice(0, 12)}`;
  return [...(facts?.resources.values() ?? [])].some(({ manifest }) =>
    manifest?.some((line) => {
      const [kind, path] = line.split(" ", 2);
      return kind === "application" && path?.endsWith(release);
    }),
  );
}
