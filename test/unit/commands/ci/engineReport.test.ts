import type { EngineEvent, OpType } from "@pulumi/pulumi/automation";
import { expect, it } from "vitest";
import { EngineReport } from "../../../../commands/ci/engineReport";
import { changedLinesText } from "../../../../host/manifest/difference";

const type = "command:remote:Command";
const urnOf = (name: string) =>
  `urn:pulumi:production::tracks::tracks:index:Nginx$${type}::${name}`;

/** What the engine says before it works on a resource. */
function step(
  op: OpType,
  name: string,
  before: Record<string, unknown> | undefined,
  after: Record<string, unknown> | undefined,
  more: object = { custom: true },
): EngineEvent {
  const state = (inputs: Record<string, unknown> | undefined) =>
    inputs && {
      ...{ type, urn: urnOf(name), id: "", parent: "", provider: "" },
      ...{ inputs, outputs: {}, ...more },
    };
  const old = state(before);
  const next = state(after);
  const detailedDiff = Object.fromEntries(
    Object.keys(after ?? {})
      .filter((key) => before?.[key] !== after?.[key])
      .map((key) => [key, { diffKind: "update", inputDiff: true }]),
  );
  const isKnown = before !== undefined && after !== undefined;
  // As the engine writes it (3.220): null for what is not there.
  const metadata = {
    ...{ op, urn: urnOf(name), type, provider: "", keys: null, diffs: null, logical: true },
    ...{ old: old ?? null, new: next ?? null, detailedDiff: isKnown ? detailedDiff : null },
  };
  return { ...at, resourcePreEvent: { metadata } } as unknown as EngineEvent;
}

const at = { sequence: 1, timestamp: 1 };
const says = (
  severity: "info" | "warning" | "error",
  message: string,
  urn?: string,
): EngineEvent => ({
  ...at,
  diagnosticEvent: { severity, message, color: "never", ...(urn !== undefined && { urn }) },
});
const summary = (resourceChanges: Partial<Record<OpType, number>>): EngineEvent => ({
  ...at,
  summaryEvent: { maybeCorrupt: false, durationSeconds: 1, resourceChanges, policyPacks: {} },
});

function reportOf(...events: EngineEvent[]): EngineReport {
  const report = new EngineReport();
  for (const event of events) report.take(event);
  return report;
}

/** As `Host` has it: before the first repair there is no number. */
const apply = (repairs: number) =>
  `sudo tracks.production apply nginx${repairs === 0 ? "" : ` --repair ${repairs}`} --timeout 9`;

it("shows the lines of a manifest that change, and the names of the other inputs", () => {
  const before = { create: apply(0), stdin: "file /a\n| old\n| same\nend\n", environment: "a" };
  const after = { create: apply(0), stdin: "file /a\n| new\n| same\nend\n", environment: "b" };
  expect(reportOf(step("update", "nginx", before, after)).changes).toEqual([
    {
      ...{ resource: "nginx", type, operation: "update" },
      ...{ properties: ["environment", "stdin"], lines: ["- | old", "+ | new"] },
    },
  ]);
});

it("names what is created and deleted, without its lines", () => {
  const inputs = { create: apply(0), stdin: "file /a\n| line\nend\n" };
  const { changes } = reportOf(
    step("create", "new", undefined, inputs),
    step("delete", "old", inputs, undefined),
  );
  expect(changes.map(({ resource, operation, lines }) => [resource, operation, lines])).toEqual([
    ["new", "create", []],
    ["old", "delete", []],
  ]);
});

it("counts a replacement once", () => {
  const inputs = { create: apply(0), stdin: "a\n" };
  const { changes } = reportOf(
    step("delete-replaced", "key", inputs, undefined),
    step("replace", "key", inputs, { ...inputs, create: "other" }),
    step("create-replacement", "key", undefined, inputs),
  );
  expect(changes.map(({ operation }) => operation)).toEqual(["replace"]);
});

it("calls it a repair where only the number of repairs is another", () => {
  const stdin = "file /a\n";
  const { changes } = reportOf(
    step("update", "nginx", { create: apply(0), stdin }, { create: apply(1), stdin }),
    step("update", "app", { create: apply(0), stdin }, { create: `${apply(1)} more`, stdin }),
  );
  expect(changes.map(({ operation }) => operation)).toEqual(["repair", "update"]);
});

it("has the lines that the program itself shows where Pulumi shows none", () => {
  const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
  const lines = ["- service old", "+ service new"];
  const { changes, messages } = reportOf(
    step("update", "settings", { stdin: { ...secret, a: 1 } }, { stdin: { ...secret, a: 2 } }),
    says("info", changedLinesText("settings", lines)),
  );
  expect(changes[0]?.lines).toEqual(lines);
  expect(messages).toEqual([]);
});

it("leaves out what is the same, components, providers and the stack", () => {
  const report = reportOf(
    step("same", "nginx", { stdin: "a" }, { stdin: "a" }),
    step("update", "component", { a: 1 }, { a: 2 }, {}),
    summary({ same: 3 }),
  );
  expect(report.changes).toEqual([]);
  expect(report.isPending).toBe(false);
});

it("is pending for whatever Pulumi counts, outputs of the stack too", () => {
  expect(reportOf(summary({ same: 3, update: 1 })).isPending).toBe(true);
});

it("keeps warnings and errors with their resource, without colours and the engine's last words", () => {
  const { messages } = reportOf(
    says("info", "Compiling"),
    says("warning", "<{%fg 3%}>disk is full<{%reset%}>\n"),
    says("error", "nginx refuses: unknown directive", urnOf("nginx")),
    says("error", "update failed"),
  );
  expect(messages).toEqual([
    { severity: "warning", resource: undefined, text: "disk is full" },
    { severity: "error", resource: "nginx", text: "nginx refuses: unknown directive" },
  ]);
});
