import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it, vi } from "vitest";
import { afterProgram, atProgramEnd, deleteNothingAfterErrors } from "../../../host/programEnd";
import { runInline } from "../inlineEngine";

/**
 * `host/programEnd.ts` uses parts of the SDK that it does not declare: the stack's `getData()`, `waitForRPCs`, and
 * the monitor's `signalAndWaitForShutdown`. These tests run the installed SDK: where one fails after an update of
 * the SDK, look in its `automation/server.js` and `runtime/settings.js` for what became of them.
 */
describe("the end of an inline program of the installed SDK", () => {
  const slow = () => new pulumi.ComponentResource("test:index:Slow", "slow");
  const fails = (): void => {
    throw new pulumi.RunError("failed on purpose");
  };

  it("runs a check when the program has ended, and the check's error ends the run", async () => {
    const order: string[] = [];
    const run = await runInline(async () => {
      deleteNothingAfterErrors();
      atProgramEnd(() => {
        order.push("check");
        fails();
      });
      await sleep(10);
      order.push("end");
    });
    expect(order).toEqual(["end", "check"]);
    expect(run.error).toContain("failed on purpose");
    expect(run.letsDelete).toBe(false);
  });

  it("runs no check when the program has failed, for it is not whole", async () => {
    const check = vi.fn();
    const run = await runInline(async () => {
      atProgramEnd(check);
      await sleep(10);
      fails();
    });
    expect(run.error).toContain("failed on purpose");
    expect(check).not.toHaveBeenCalled();
  });

  it("lets the engine delete after a program without errors, and not after an error in an output", async () => {
    const program = (use: () => void) => async () => {
      deleteNothingAfterErrors();
      deleteNothingAfterErrors();
      pulumi.output(sleep(10, 0)).apply(use);
      await Promise.resolve(slow());
    };
    expect(await runInline(program(() => undefined))).toEqual({
      error: undefined,
      letsDelete: true,
      errors: [],
    });
    const failed = await runInline(program(fails));
    expect(failed.error).toContain("failed on purpose");
    expect(failed.errors.join()).toContain("failed on purpose");
    expect(failed.letsDelete).toBe(false);
  });

  it("calls back after the engine has deleted, once for each run", async () => {
    const order: string[] = [];
    for (const run of ["first", "second"]) {
      await runInline(
        async () => {
          afterProgram(() => order.push(`over: ${run}`));
          deleteNothingAfterErrors();
          slow();
          await sleep(10);
          order.push(`end: ${run}`);
        },
        {
          deleting: async () => {
            await sleep(100);
            order.push(`deleted: ${run}`);
          },
        },
      );
    }
    await vi.waitFor(() => {
      expect(order).toHaveLength(6);
    });
    expect(order).toEqual(
      ["first", "second"].flatMap((run) => [`end: ${run}`, `deleted: ${run}`, `over: ${run}`]),
    );
  });

  it("calls back after a failed run, too, when the engine has created what was registered before", async () => {
    const order: string[] = [];
    const creating = async (name: string) => {
      if (name !== "slow") return;
      await sleep(100);
      order.push("created");
    };
    const program = async () => {
      afterProgram(() => order.push("over"));
      slow();
      await sleep(50);
      fails();
    };
    expect((await runInline(program, { creating })).letsDelete).toBe(false);
    await vi.waitFor(() => {
      expect(order).toEqual(["created", "over"]);
    });
    const late = vi.fn();
    await runInline(async () => {
      afterProgram(late);
      pulumi.output(sleep(10, 0)).apply(fails);
      await Promise.resolve(slow());
    });
    await vi.waitFor(() => {
      expect(late).toHaveBeenCalledOnce();
    });
  });
});
