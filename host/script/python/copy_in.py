"""Replaces the application's data by those of another site.

    python copy_in.py look
    python copy_in.py receive BACKUPS
    python copy_in.py load BACKUPS FILE HEX

Runs as the site's user in the release, with the release's Python and the service's environment. `look` gets
{"migrations": [...]} and says, as JSON, whether the data fit. `receive` gets {"size": N, "sha256": HEX} and the dump,
lays it down in a file in BACKUPS, and prints `HEX FILE`. `load` backs the database up, and loads that file in one
transaction, after every other row was removed in it: it prints `backup PATH`, `loaded LABEL: ...` and `note TEXT`. The
file loses its name as soon as it is open; one row at a time is in memory.
"""
from __future__ import unicode_literals

import argparse
import json
import os
import signal
import sys
import tempfile

from backup import back_up
from copy_ends import end_with_caller, identity, own_output, read_request, run, set_up, tell
from copy_migrations import lacking, pending
from dump_faults import CopyFault
from dump_policy import CONTENT_TYPE, PERMISSION
from load_dump import Load


class Copy(Load):
    """A load that replaces all rows, and may be repeated."""

    arrived = "was sent"
    dangling_fix = ": leave its rows out, too, with --exclude {0}, or empty the field with --scrub {0}.{1}="
    unknown_fix = "Deploy the release that has them, or leave them out with --exclude"

    def __init__(self, path, digest):
        words = {"rename": [], "skip": [], "confirm": None, "digest": digest}
        Load.__init__(self, argparse.Namespace(**words))
        self.naming.counterpart_fix = "leave %s out with --exclude"
        self.path = path

    def take_dump(self):
        file = open(self.path, "rb")
        os.unlink(self.path)
        return file

    def refuse_unconfirmed(self):
        """A person has agreed that all rows are replaced."""

    def begin(self, models):
        tables = self.connection.introspection.table_names()
        for model in self.apps.get_models(include_auto_created=True):
            if is_emptied(model) and model._meta.db_table in tables:
                with self.connection.cursor() as cursor:
                    cursor.execute("DELETE FROM " + self.connection.ops.quote_name(model._meta.db_table))

    def end(self):
        """The marker of another load stays as it is."""


def is_emptied(model):
    """migrate creates content types and permissions, and other rows refer to them."""
    options = model._meta
    label = ("%s.%s" % (options.app_label, options.object_name)).lower()
    return options.managed and not options.proxy and not options.swapped and label not in (CONTENT_TYPE, PERMISSION)


def receive(request, backups, output):
    """Lays exactly the dump from stdin down in a file, which only this user can read."""
    try:
        descriptor, path = tempfile.mkstemp(prefix=".copy-data-", dir=backups)
        try:
            with os.fdopen(descriptor, "wb") as file:
                take(request["size"], file)
        except BaseException:
            os.unlink(path)
            raise
    except EnvironmentError as error:
        raise CopyFault("can't write a copy of the dump to %s: %s" % (backups, error.strerror or error))
    tell(output, "%s %s" % (request["sha256"], path))


def take(size, file):
    while size > 0:
        part = os.read(0, min(256 * 1024, size))
        if not part:
            raise CopyFault("the dump did not arrive whole")
        file.write(part)
        size -= len(part)


def refuse_others(connection):
    if connection.vendor != "sqlite":
        raise CopyFault(
            "the database is %s without PRODUCTION, too: a copy replaces the data of a sqlite file only, so that no"
            " production data are lost" % connection.vendor
        )


def look(request, output):
    from django.db import connection

    refuse_others(connection)
    path = os.path.realpath("%s" % connection.settings_dict["NAME"])
    # Asking sqlite for a missing database creates it.
    is_there = os.path.exists(path) and os.path.getsize(path) > 0
    answer = {
        "path": path,
        "file": identity(path),
        "lacking": lacking(request["migrations"]),
        "pending": pending(connection) if is_there else None,
    }
    tell(output, json.dumps(answer))


def load(backups, path, digest, output):
    from django.db import connection

    refuse_others(connection)
    copy = Copy(path, digest)
    copy.examine()
    copy.backup = back_up(backups, "copy-data")
    tell(output, "backup %s" % copy.backup)
    for line in copy.carry_out():
        tell(output, line)


def main(mode):
    output = own_output()
    # Only its owner can read what sqlite creates.
    os.umask(0o077)
    if mode == "look":
        request = read_request()
        set_up()
        look(request, output)
    elif mode == "receive":
        receive(read_request(), sys.argv[2], output)
    elif mode == "load":
        end_with_caller(lambda: os.kill(os.getpid(), signal.SIGTERM))
        set_up()
        load(sys.argv[2], sys.argv[3], sys.argv[4], output)
    else:
        raise CopyFault("copy_in %s: must be look, receive or load" % mode)


if __name__ == "__main__":
    run(main)
