import * as pulumi from "@pulumi/pulumi";

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

/** The SDK's call at the end of the program, after which the engine deletes what was not registered. */
interface Monitor {
  signalAndWaitForShutdown?: (request: unknown, callback: (error?: Error) => void) => unknown;
}

const guarded = new WeakSet<Monitor>();

/**
 * Keeps the engine from deleting resources after an error in an output.
 *
 * After such an error the resources that depend on the output are not registered. The CLI stops there. The
 * Automation API (3.248) lets the engine delete what an inline program did not register, and fails only then: a
 * port that is not allowed would delete a site's whole configuration.
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

/** gRPC's error for a missing engine: the SDK ignores it, and ends with the program's errors. */
function unavailable(): Error {
  return Object.assign(new Error("the program failed"), { code: 14 });
}
