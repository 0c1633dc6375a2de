"""What both ends of a copy have in common: how they talk to the caller, and when they end.

The first line of stdin is the request, as JSON. stdin stays open after it: at its end nobody listens any more,
and the program ends.
"""
from __future__ import unicode_literals

import json
import os
import signal
import sys
import threading

from dump_faults import CopyFault, explain, in_ascii


def own_output():
    """The caller's stdout, for this program alone: what the application prints is dropped."""
    output = os.fdopen(os.dup(1), "wb", 256 * 1024)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return output


def tell(output, text):
    """Prints a line for the caller at once."""
    output.write((in_ascii("%s" % text) + "\n").encode("ascii"))
    output.flush()


def identity(path):
    """What tells this file from all others, whatever its path, its host's name or its links; null where it is missing."""
    try:
        found = os.stat(path)
        with open("/proc/sys/kernel/random/boot_id") as file:
            return "%s %d %d" % (file.read().strip(), found.st_dev, found.st_ino)
    except EnvironmentError:
        return None


def read_request():
    # Byte by byte: what follows the line is not part of it.
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            raise CopyFault("the request did not arrive whole")
        line += byte
    return json.loads(line.decode("utf-8"))


def end_with_caller(end):
    """Calls `end` in a thread of its own when the caller closes stdin."""

    def watch():
        while os.read(0, 65536):
            pass
        end()

    thread = threading.Thread(target=watch)
    thread.daemon = True
    thread.start()


def set_up():
    """Sets the application up as its manage.py does."""
    from backup import set_up_django

    set_up_django(None)
    import django

    if django.VERSION < (1, 7):
        raise CopyFault(
            "the release has Django %s, and a copy needs 1.7 or newer: use npm run ops -- dumpdata and loaddata"
            % ".".join(str(part) for part in django.VERSION[:2])
        )
    from django.conf import settings
    from dump_faults import READY

    # With DEBUG Django keeps every statement in memory.
    settings.DEBUG = False
    READY.append(True)


def run(main):
    """Runs the program: the last line of stderr is the reason of a failure, without values of the data."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    try:
        main(sys.argv[1])
    except Exception as error:
        sys.exit(in_ascii(explain(error)))
