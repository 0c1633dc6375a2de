"""Sits at a terminal: terminal.py STEPS COMMAND..., where STEPS is JSON, [[EXPECTED, TYPED], ...].

Each text is typed when the expected one, a regular expression, was printed behind the last one. Prints all
that the terminal showed, and ends as the command does; 99 where a text does not come.
"""
import json
import os
import pty
import re
import select
import sys
import time

SECONDS = 90


def main(steps, command):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    shown, seen, deadline = "", 0, time.time() + SECONDS
    while True:
        if steps:
            found = re.compile(steps[0][0], re.DOTALL).search(shown, seen)
            if found:
                seen = found.end()
                os.write(terminal, steps.pop(0)[1].encode())
        left = deadline - time.time()
        ready, _, _ = select.select([terminal], [], [], max(0, min(left, 0.1)))
        if ready:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            shown += data.decode("utf-8", "replace")
        elif left <= 0:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            print(shown)
            print("not shown: %s" % json.dumps(steps))
            return 99
    _, status = os.waitpid(pid, 0)
    print(shown)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 98


sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))
