"""Logs in to the database of a settings file, as the application would.

usage: database_login LINK [CA-FILE]

Runs in the release, with its virtualenv and as the application's user. LINK is the path below the release
by which the application finds the file; stdin has the text of the file. After a zero byte follow the
certificates to use for CA-FILE, if the settings name that.
Exits with 0 when the login succeeds, and prints `empty` where there are no tables; with 4 when it fails (the
last line is the reason), with 3 where the settings name neither PostgreSQL nor sqlite.
"""
from __future__ import print_function

import os
import sys
import tempfile

sys.dont_write_bytecode = True

UNKNOWN_ENGINE = 3
NOT_LET_IN = 4


def main(link, ca=None):
    with os.fdopen(0, "rb") as stdin:
        text, _, authorities = stdin.read().partition(b"\0")
    link = os.path.abspath(link)
    scope = {"__name__": "local", "__file__": link}
    exec(compile(text, link, "exec", 0, True), scope)
    database = dict(scope["DATABASES"]["default"])
    options = dict(database.get("OPTIONS") or {})
    if "sqlite" in database["ENGINE"]:
        # sqlite would create the file.
        if not os.path.exists(database["NAME"]):
            print("empty")
            return 0
    elif "postgresql" in database["ENGINE"]:
        options.setdefault("connect_timeout", 10)
    else:
        return UNKNOWN_ENGINE
    if ca is not None and options.get("sslrootcert") == ca:
        # It is removed when this program ends.
        file = tempfile.NamedTemporaryFile()
        file.write(authorities)
        file.flush()
        options["sslrootcert"] = file.name
    database["OPTIONS"] = options

    from django.conf import settings

    settings.configure(DATABASES={"default": database}, TIME_ZONE="UTC")
    from django.db import connection

    # Fails before the login when the virtualenv lacks the driver: that says nothing about the settings, since
    # the deployment may bring another virtualenv.
    connection.vendor
    try:
        if not connection.introspection.table_names():
            print("empty")
    except Exception as error:
        reason = " ".join(("%s" % error).split())
        password = database.get("PASSWORD")
        print(reason.replace(password, "[secret]") if password else reason)
        return NOT_LET_IN
    connection.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
