import * as pulumi from "@pulumi/pulumi";
import { waitForEngine } from "./waitForEngine";

/** Method of a stack that the SDK has, but does not declare: it returns what the program's function returned. */
interface RunningStack {
  getData(): Promise<unknown>;
}

/**
 * Runs a check when the program has ended without an error. An error of the check ends the run, a preview too,
 * as an error in an `apply` does.
 *
 * It works in a program that the CLI runs, and in an inline program of the Automation API, whose process may
 * run many programs. A mocked engine has no stack: there the check does not run.
 */
export function atProgramEnd(check: () => void): void {
  const stack = pulumi.runtime.getStackResource() as unknown as RunningStack | undefined;
  void stack?.getData().then(check, () => undefined);
}

/**
 * Calls back when the run is over, with an error or without: the engine has answered everything that the
 * program registered, and has deleted what the program did not register any more.
 *
 * A process that the CLI starts ends then; that of an inline program of the Automation API goes on, and may
 * run the next program. A mocked engine has no stack unless the test runs one: nothing is called back there.
 */
export function afterProgram(done: () => void): void {
  const stack = pulumi.runtime.getStackResource() as unknown as RunningStack | undefined;
  if (stack === undefined) return;
  // The program of a failed run sends no signal, and the engine deletes nothing.
  const end = guardedEnd() ?? waitForEngine;
  void stack.getData().then(end, waitForEngine).then(done, done);
}

/** The SDK's call at the end of the program, after which the engine deletes what was not registered. */
interface Monitor {
  signalAndWaitForShutdown?: (request: unknown, callback: Answer) => unknown;
}

type Answer = (...answer: [error?: Error, ...rest: unknown[]]) => void;

/** Each engine whose call is guarded, and a promise of its answer. */
const guarded = new WeakMap<Monitor, Promise<void>>();

/**
 * Keeps the engine from deleting resources after an error in an output.
 *
 * After such an error the resources that depend on the output are not registered. The CLI stops there. The
 * Automation API (3.248) lets the engine delete what an inline program did not register, and fails only then: a
 * port that is not allowed would delete a site's whole configuration.
 */
export function deleteNothingAfterErrors(): void {
  guardedEnd();
}

/** Guards the engine of this run once; returns what waits for its answer, or undefined for a mocked engine. */
function guardedEnd(): (() => Promise<void>) | undefined {
  const monitor = pulumi.runtime.getMonitor() as Monitor | undefined;
  const signal = monitor?.signalAndWaitForShutdown;
  if (monitor === undefined || signal === undefined) return undefined;
  let answered = guarded.get(monitor);
  if (answered === undefined) {
    answered = new Promise((resolve) => {
      monitor.signalAndWaitForShutdown = (request, callback) => {
        const answer: Answer = (...words) => {
          callback(...words);
          resolve();
        };
        // By then the SDK has logged the errors that nobody caught.
        setImmediate(() => {
          if (pulumi.log.hasErrors()) answer(unavailable());
          else signal.call(monitor, request, answer);
        });
      };
    });
    guarded.set(monitor, answered);
  }
  const end = answered;
  return () => end;
}

/** gRPC's error for a missing engine: the SDK ignores it, and ends with the program's errors. */
function unavailable(): Error {
  return Object.assign(new Error("the program failed"), { code: 14 });
}
