import type { EngineEvent, OpType, StepEventMetadata } from "@pulumi/pulumi/automation";
import { manifestDifference, readChangedLines } from "../../host/manifest/difference";

/** One resource that a deployment changes, or would change. */
export interface Change {
  readonly resource: string;
  /** Pulumi's type, such as `command:remote:Command`. */
  readonly type: string;
  /** `repair`: what was applied last is applied once more, since the host differs from it. */
  readonly operation: "create" | "update" | "replace" | "delete" | "repair";
  /** Inputs that differ; empty for what is created or deleted. */
  readonly properties: readonly string[];
  /** Changed lines of the manifest, as `- ` and `+ `. */
  readonly lines: readonly string[];
}

/** Warning or error of the engine, of a plugin or of this program. */
export interface Message {
  readonly severity: "warning" | "error";
  /** Name of the resource; undefined where it is about the stack. */
  readonly resource: string | undefined;
  readonly text: string;
}

/** Steps of which another step tells, or that change nothing on the host. */
const silent: ReadonlySet<OpType> = new Set<OpType>([
  "same",
  "read",
  "refresh",
  "create-replacement",
  "delete-replaced",
  "read-replacement",
  "discard",
  "discard-replaced",
  "remove-pending-replace",
]);

/** What a deployment says event by event, put together. */
export class EngineReport {
  private readonly found = new Map<string, Change>();
  private readonly said: Message[] = [];
  private readonly shownLines = new Map<string, readonly string[]>();
  private changeCount = 0;

  take({ diagnosticEvent, resourcePreEvent, summaryEvent }: EngineEvent): void {
    if (resourcePreEvent !== undefined) this.takeStep(resourcePreEvent.metadata);
    if (diagnosticEvent !== undefined && diagnosticEvent.ephemeral !== true) {
      const { message, severity, urn } = diagnosticEvent;
      this.takeMessage(severity, plain(message), urn);
    }
    if (summaryEvent !== undefined) {
      const counts = Object.entries(summaryEvent.resourceChanges);
      this.changeCount = counts
        .filter(([operation]) => operation !== "same")
        .reduce((sum, [, count]) => sum + count, 0);
    }
  }

  /** Whether anything changes, components and outputs of the stack among it: as Pulumi counts. */
  get isPending(): boolean {
    return this.changeCount > 0;
  }

  get changes(): readonly Change[] {
    return [...this.found.values()].map((change) =>
      change.operation === "create" || change.lines.length > 0
        ? change
        : { ...change, lines: this.shownLines.get(change.resource) ?? [] },
    );
  }

  get messages(): readonly Message[] {
    return this.said;
  }

  private takeStep(step: StepEventMetadata): void {
    const { custom } = step.new ?? step.old ?? {};
    // A component and the stack change because of what they have; a provider is no part of the host.
    if (silent.has(step.op) || custom !== true || step.type.startsWith("pulumi:")) return;
    this.found.set(step.urn, changeOf(step));
  }

  private takeMessage(severity: string, text: string, urn: string | undefined): void {
    const changed = readChangedLines(text);
    if (changed !== undefined) this.shownLines.set(changed.name, changed.lines);
    if (severity !== "warning" && severity !== "error") return;
    // The engine's last words, which say nothing more.
    if (/^(?:update|preview) failed$/.test(text)) return;
    const resource = urn === undefined || /::pulumi:pulumi:Stack::/.test(urn) ? undefined : urn;
    const name = resource === undefined ? undefined : nameOf(resource);
    this.said.push({ severity, resource: name, text });
  }
}

function changeOf(step: StepEventMetadata): Change {
  const { op, urn, type, detailedDiff, diffs } = step;
  const before = step.old?.inputs ?? {};
  const after = step.new?.inputs ?? {};
  // The engine writes null where the SDK declares undefined.
  const changed = detailedDiff ? Object.keys(detailedDiff) : (diffs ?? []);
  const common = { resource: nameOf(urn), type };
  if (op === "delete") return { ...common, operation: "delete", properties: [], lines: [] };
  if (op !== "update" && op !== "replace") {
    return { ...common, operation: "create", properties: [], lines: [] };
  }
  const properties = [...changed].sort();
  const lines = stdinDifference(before["stdin"], after["stdin"]);
  const isRepair = before["create"] !== after["create"] && unnumbered(before) === unnumbered(after);
  const operation = op === "update" && isRepair && lines.length === 0 ? "repair" : op;
  return { ...common, operation, properties, lines };
}

/** Secret ones come as objects, or masked: nothing can be said of their lines. */
function stdinDifference(before: unknown, after: unknown): string[] {
  if (typeof before !== "string" || typeof after !== "string") return [];
  return manifestDifference(before.trimEnd().split("\n"), after);
}

/** The command without the number of repairs, see `Host.converge`. */
function unnumbered({ create }: Readonly<Record<string, unknown>>): string {
  return String(create).replace(/ --repair \d+/, "");
}

function nameOf(urn: string): string {
  return urn.replace(/^.*::/, "");
}

/** Without the engine's marks for colours. */
function plain(message: string): string {
  return message.replace(/<\{%.*?%\}>/g, "").trim();
}
