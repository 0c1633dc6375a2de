/**
 * The words that run a Python program without a terminal until it ends, or nobody is left who reads its stdout: the
 * caller was interrupted, killed, or lost the connection. Otherwise it would go on until it prints the next time, which
 * may take hours. Its stdin stays the caller's, whose end says nothing: what is typed, or a file, has one.
 *
 * @param program its interpreter first; what it starts ends with it
 */
export function whileHeard(program: readonly string[]): string[] {
  const [interpreter = "", ...words] = program;
  return [interpreter, "-c", listener.join("; "), interpreter, ...words];
}

/** For Python 2.7, too. */
const listener = [
  "import os, select, signal, subprocess, sys, threading",
  "program = subprocess.Popen(sys.argv[1:], preexec_fn=os.setsid)",
  "unheard = select.poll()",
  // For no event: that the other end was closed is always told.
  "unheard.register(1, 0)",
  "end = lambda: (unheard.poll(), os.killpg(program.pid, signal.SIGTERM))",
  "listener = threading.Thread(target=end)",
  "listener.daemon = True",
  "listener.start()",
  "status = program.wait()",
  // As a shell says that a signal ended it.
  "sys.exit(status if status >= 0 else 128 - status)",
];
