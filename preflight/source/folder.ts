import type { ApplicationSource } from "../../components/args/DjangoApp";
import type { HostFacts } from "../../host/facts";
import type { Configuration } from "../../settings/configuration";
import { findingText } from "./finding";
import { inspectSource } from "./inspectSource";
import { packSource } from "./packSource";
import { SourceError } from "./SourceError";

type FolderSource = Extract<ApplicationSource, { kind: "folder" }>;

/** A source on this machine, and what its author should think of. */
interface PackedFolder {
  readonly source: FolderSource;
  readonly warnings: readonly string[];
}

/** The source as the host takes it, when it lies on this machine: looked at, and packed. */
export async function packFolder({
  django,
  database,
}: NonNullable<Configuration["application"]>): Promise<PackedFolder | undefined> {
  const { source, settingsModule, wsgi, requirements } = django;
  if (source.kind === "git") return undefined;
  const layout = { settingsModule, wsgi, requirementsFile: requirements };
  const findings = await inspectSource(source.folder, layout, {
    postgresql: database !== undefined,
    extra: django.extraRequirements,
  });
  const faults = findings.filter(({ severity }) => severity === "fault");
  if (faults.length > 0) throw new SourceError(source.folder, faults.map(findingText));
  const archive = await packSource(source.folder);
  return {
    source: { kind: "folder", archive },
    warnings: findings.map(findingText),
  };
}

/** Is the release that the host runs made from this archive? */
export function isDeployed(source: FolderSource, facts: HostFacts | undefined): boolean {
  const release = `/${source.archive.sha256.slice(0, 12)}`;
  return [...(facts?.resources.values() ?? [])].some(({ manifest }) =>
    manifest?.some((line) => {
      const [kind, path] = line.split(" ", 2);
      return kind === "application" && path?.endsWith(release);
    }),
  );
}
