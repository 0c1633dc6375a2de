"""What an error says to a person, without values of the data."""
from __future__ import unicode_literals

import sys

from backup import BackupFault
from dump_policy import LoadFault
from dump_stream import DumpFault

# Contains True when the application is set up.
READY = []


class CopyFault(Exception):
    """Reason why data are not copied, for a person: names models and fields, never their values."""


def explain(error):
    """Message of an error for a person, without values from the dump."""
    if isinstance(error, (BackupFault, CopyFault, DumpFault, LoadFault)):
        return "%s" % error
    if READY:
        said = _explain_database(error)
        if said is not None:
            return said
    first = ("%s" % error).strip().split("\n")[0]
    kind, place = type(error).__name__, sys.exc_info()[2]
    while place.tb_next is not None:
        place = place.tb_next
    where = "%s:%d" % (place.tb_frame.f_code.co_filename, place.tb_lineno)
    # Before the application is set up no row was read: then the message is about the release.
    return "%s in %s%s" % (kind, where, "" if READY else ": " + first)


def _explain_database(error):
    from django.db import DatabaseError, OperationalError, ProgrammingError
    from dump_rows import describe

    first = ("%s" % error).strip().split("\n")[0]
    if isinstance(error, OperationalError):
        return "the database: %s" % first
    if isinstance(error, ProgrammingError):
        return "the database (run manage.py migrate if it is not migrated): %s" % first
    return describe(error) if isinstance(error, DatabaseError) else None


def in_ascii(text):
    """Names of fields may have any characters; the locale of a service is often plain C."""
    return text.encode("ascii", "backslashreplace").decode("ascii")
