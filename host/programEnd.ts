import * as pulumi from "@pulumi/pulumi";

/** What the SDK keeps of a stack, and leaves out of its declarations: what the program's function returned. */
interface RunningStack {
  getData(): Promise<unknown>;
}

/**
 * Checks something when the program has come to its end, without an error of its own. What the check throws
 * ends the run, a preview too, as an error in an `apply` does.
 *
 * It works in a program that the CLI runs, and in an inline program of the Automation API, whose process
 * may run many. A mocked engine has no stack: nothing is checked there.
 */
export function atProgramEnd(check: () => void): void {
  const stack = pulumi.runtime.getStackResource() as unknown as RunningStack | undefined;
  void stack?.getData().then(check, () => undefined);
}

/** What the engine is sent when the program has ended, for it to delete what was not registered. */
interface Monitor {
  signalAndWaitForShutdown?: (request: unknown, callback: (error?: Error) => void) => unknown;
}

const guarded = new WeakSet<Monitor>();

/**
 * Has the engine delete nothing after an error that is known only in an output.
 *
 * A resource whose inputs are not known then is not registered. The CLI stops there; the Automation API
 * (3.248) has the engine delete what an inline program did not register, and fails only then: a site's
 * whole configuration for a port that is not allowed.
 */
export function deleteNothingAfterErrors(): void {
  const monitor = pulumi.runtime.getMonitor() as Monitor | undefined;
  const signal = monitor?.signalAndWaitForShutdown;
  if (monitor === undefined || signal === undefined || guarded.has(monitor)) return;
  guarded.add(monitor);
  monitor.signalAndWaitForShutdown = (request, callback) => {
    // By then the SDK has logged the errors that nobody caught.
    setImmediate(() => {
      if (pulumi.log.hasErrors()) callback(unavailable());
      else signal.call(monitor, request, callback);
    });
  };
}

/** An engine that is gone, as gRPC tells it: without one the SDK goes on, and ends with the program's errors. */
function unavailable(): Error {
  return Object.assign(new Error("the program failed"), { code: 14 });
}
