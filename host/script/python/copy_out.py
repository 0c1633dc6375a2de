"""Prints the application's data for another site, scrubbed before they leave this one.

    python copy_out.py look|dump

Runs as the site's user in the release, with the release's Python and the service's environment. The request is
{"defaults": true, "scrub": [["auth.user.email", ""]], "exclude": ["admin.logentry"]}. `look` prints, as JSON,
what the other site must know, and what would be scrubbed; `dump` prints the rows as dumpdata does.

dumpdata runs in a process of its own, in one transaction that sees one state of the data and can change nothing.
One row at a time is in memory. Sessions are left out: the key that they are signed with is another one there.
"""
from __future__ import unicode_literals

import codecs
import errno
import json
import os
import signal
import sys

from copy_ends import end_with_caller, identity, own_output, read_request, run, set_up, tell
from copy_migrations import applied
from copy_scrub import SESSIONS, Scrub
from dump_faults import CopyFault, explain, in_ascii
from dump_stream import DumpStream

# How the process that dumps ends: it has said why, or nobody reads any more. PARTLY ends this program, where
# some of the data may have left.
FAILED, UNREAD, PARTLY = 1, 2, 3


def find_scrub(request):
    from django.apps import apps

    scrub = Scrub(apps)
    if request["defaults"]:
        scrub.add_defaults()
    for name, text in request["scrub"]:
        scrub.add(name, text)
    return scrub


def look(scrub, output):
    from django.db import connection

    answer = {
        "file": identity("%s" % connection.settings_dict["NAME"]) if connection.vendor == "sqlite" else None,
        "migrations": applied(connection),
        "scrub": scrub.describe(),
    }
    tell(output, json.dumps(answer))


def left_out(scrub, request):
    from django.apps import apps

    own = [SESSIONS] if apps.is_installed("django.contrib.sessions") else []
    return own + scrub.left_out(request["exclude"])


def dump_into(descriptor, excluded):
    """Runs dumpdata, in this process."""
    from django.core.management import call_command
    from django.db import connection, transaction

    file = codecs.getwriter("utf-8")(os.fdopen(descriptor, "wb", 256 * 1024))
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # use_base_manager: the rows that a manager of the application hides, too, since others may refer to them.
        # traceback: the error itself rather than a message with values.
        call_command(
            "dumpdata", format="json", exclude=excluded, use_base_manager=True, traceback=True, stdout=file
        )
    file.flush()


def start_dump(excluded):
    """The process that dumps, and the descriptor that its dump is read from."""
    from django.db import connections

    # A connection can't be shared by two processes.
    for connection in connections.all():
        connection.close()
    reading, writing = os.pipe()
    process = os.fork()
    if process != 0:
        os.close(writing)
        return process, reading
    status = FAILED
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.close(reading)
        dump_into(writing, excluded)
        status = 0
    except BaseException as error:
        if getattr(error, "errno", None) == errno.EPIPE:
            status = UNREAD
        else:
            os.write(2, (in_ascii(explain(error)) + "\n").encode("ascii"))
    finally:
        os._exit(status)


def dump(scrub, excluded, output):
    process, reading = start_dump(excluded)
    begun = []

    def end():
        os.kill(process, signal.SIGKILL)
        os._exit(PARTLY if begun else FAILED)

    end_with_caller(end)
    reason = None
    try:
        output.write(b"[")
        for number, row in DumpStream(reading).rows():
            scrub.apply(row)
            begun[:] = [True]
            output.write(b"\n" if number == 1 else b",\n")
            output.write(json.dumps(row).encode("ascii"))
        output.write(b"\n]\n")
        output.flush()
    except Exception as error:
        reason = explain(error)
    os.close(reading)
    _, status = os.waitpid(process, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == FAILED:
        sys.exit(PARTLY if begun else FAILED)
    if reason is not None:
        os.write(2, (in_ascii(reason) + "\n").encode("ascii"))
        sys.exit(PARTLY if begun else FAILED)


def main(mode):
    output = own_output()
    request = read_request()
    set_up()
    scrub = find_scrub(request)
    excluded = left_out(scrub, request)
    if mode == "look":
        look(scrub, output)
    elif mode == "dump":
        dump(scrub, excluded, output)
    else:
        raise CopyFault("copy_out %s: must be look or dump" % mode)


if __name__ == "__main__":
    run(main)
