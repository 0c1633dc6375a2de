import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { askYes } from "../../../../commands/askYes";
import { confirm, confirmInPerson } from "../../../../commands/ops/confirm";
import { exitCodes } from "../../../../commands/ops/exitCodes";

vi.mock("../../../../commands/askYes", () => ({ askYes: vi.fn() }));

const consequences = { does: "This stops nginx.", undo: "It can be undone." };
const isTerminal = process.stdin.isTTY;
let said: string[];
beforeEach(() => {
  said = [];
  vi.spyOn(console, "error").mockImplementation((text: string) => {
    said.push(text);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.stdin.isTTY = isTerminal;
  process.exitCode = undefined;
});

it("goes on without a question where --yes has answered it, and still says what happens", async () => {
  process.stdin.isTTY = false;
  expect(await confirm(consequences, { yes: true })).toBe(true);
  expect(said).toEqual(["This stops nginx.\nIt can be undone."]);
});

it.each([
  ["add --yes to do it", () => confirm(consequences, {})],
  ["--yes does not answer this question", () => confirmInPerson(consequences)],
])("does nothing where nobody is there, and says: %s", async (advice, question) => {
  process.stdin.isTTY = false;
  expect(await question()).toBe(false);
  expect(said.join("\n")).toContain(`nothing was done: ${advice}`);
  expect(process.exitCode).toBe(exitCodes.usage);
});

it.each([
  [true, undefined],
  [false, exitCodes.declined],
])("does what a person at the terminal answers: %j", async (answer, exitCode) => {
  process.stdin.isTTY = true;
  vi.mocked(askYes).mockResolvedValue(answer);
  expect(await confirm(consequences, {})).toBe(answer);
  expect(await confirmInPerson(consequences)).toBe(answer);
  expect(process.exitCode).toBe(exitCode);
});
