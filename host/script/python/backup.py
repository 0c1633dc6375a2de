"""Backs up the application's database: with pg_dump, or by a copy of the sqlite file.

Runs as the site's user in the release, with the release's Python: the application's own settings say
which database that is. Prints `backup PATH`; any other line is an error.

    python backup.py --directory DIR --label LABEL [--client DIR] [--settings MODULE] [--if-any]

With --if-any it prints `none` where there is no database yet, and `unknown ENGINE` for one of another kind.
"""
from __future__ import print_function, unicode_literals

import argparse
import errno
import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing


VENDORS = ("postgresql", "sqlite")
# What a run has in the directory of the backups as long as it goes on; of loaddata, copy-data and this program.
UNFINISHED = re.compile(r"\.(?:loaddata|copy-data|pgpass)-.|\d{8}T\d{6}Z-.*\.part(?:-wal|-shm|-journal)?$")
# Longer than any run takes.
UNFINISHED_SECONDS = 24 * 3600


class BackupFault(Exception):
    """Reason why there is no backup, for a person."""


def set_up_django(settings_module):
    """Sets Django up with the settings that the application's own manage.py chooses."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.getcwd())
    import django
    import django.core.management as management

    if settings_module:
        os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    elif os.path.exists("manage.py"):
        # Runs manage.py up to its last line, for whatever else it sets.
        command = management.execute_from_command_line
        management.execute_from_command_line = lambda argv=None: None
        arguments, sys.argv = sys.argv, ["manage.py", "check"]
        try:
            runpy.run_path(str("manage.py"), run_name=str("__main__"))
        finally:
            management.execute_from_command_line = command
            sys.argv = arguments
    if not os.environ.get("DJANGO_SETTINGS_MODULE"):
        raise BackupFault(
            "no settings module: manage.py in %s sets no DJANGO_SETTINGS_MODULE: set it there"
            % os.getcwd()
        )
    # Django before 1.7 has no setup.
    if hasattr(django, "setup"):
        django.setup()


def reason_for_none():
    """What `--if-any` prints when a deployment has nothing to back up, else nothing."""
    from django.db import connection

    if connection.vendor not in VENDORS:
        return "unknown %s" % connection.vendor
    if connection.vendor == "sqlite":
        path = "%s" % connection.settings_dict["NAME"]
        if not os.path.exists(path) or os.path.getsize(path) == 0:
            return "none"
    return None


def back_up(directory, label, client=None):
    """Makes the backup, readable by its owner only, and returns its path."""
    from django.db import connection

    if connection.vendor not in VENDORS:
        raise BackupFault("the database is %s: only PostgreSQL and sqlite can be backed up" % connection.vendor)
    os.umask(0o077)
    stem = os.path.join(directory, "%s-%s" % (time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()), label))
    part = "%s.%d.part" % (stem, os.getpid())
    try:
        _remove_unfinished(directory)
        if connection.vendor == "postgresql":
            ending = ".dump"
            _pg_dump(connection.settings_dict, part, client)
        else:
            ending = ".sqlite3"
            _copy_sqlite(connection.settings_dict["NAME"], part)
        os.chmod(part, 0o600)
        _settle(part)
        path = _name(part, stem, ending)
        _settle(directory)
        return path
    except EnvironmentError as error:
        raise BackupFault("can't write a backup to %s: %s" % (directory, error.strerror or error))
    finally:
        if os.path.exists(part):
            os.unlink(part)


def _remove_unfinished(directory):
    """Removes what killed runs left: data or a password."""
    for name in filter(UNFINISHED.match, os.listdir(directory)):
        path = os.path.join(directory, name)
        try:
            if time.time() - os.lstat(path).st_mtime < UNFINISHED_SECONDS:
                continue
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        except EnvironmentError:
            # Another backup removes it, or it is somebody else's.
            continue


def _settle(path):
    """Flushes a file, or the names in a directory, to the disk: the database is changed next."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name(part, stem, ending):
    """Gives the finished file its name; never overwrites one (of the same second)."""
    for number in range(2, 1000):
        path = stem + ending
        try:
            os.link(part, path)
            return path
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise
        stem = "%s-%d" % (stem.rsplit("-", 1)[0] if number > 2 else stem, number)
    raise BackupFault("there are too many backups named %s: remove old ones" % stem)


def _pg_dump(settings, part, client):
    program = os.path.join(client, "pg_dump") if client else "pg_dump"
    command = [program, "--format=custom", "--no-password", "--file", part]
    for option, key in (("--host", "HOST"), ("--port", "PORT"), ("--username", "USER"), ("--dbname", "NAME")):
        if settings.get(key):
            command += [option, "%s" % settings[key]]
    # pg_dump does not get the environment of the service, and the password gets into no environment.
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.path.dirname(part)}
    options = settings.get("OPTIONS") or {}
    for variable in ("sslmode", "sslrootcert", "sslcert", "sslkey", "service", "connect_timeout"):
        if options.get(variable):
            name = {"connect_timeout": "PGCONNECT_TIMEOUT"}.get(variable, "PG" + variable.upper())
            environment[name] = "%s" % options[variable]
    password_file = None
    try:
        if settings.get("PASSWORD"):
            # mkstemp: 0600 from the first byte.
            descriptor, password_file = tempfile.mkstemp(prefix=".pgpass-", dir=os.path.dirname(part))
            line = "*:*:*:*:%s\n" % settings["PASSWORD"].replace("\\", "\\\\").replace(":", "\\:")
            os.write(descriptor, line.encode("utf-8"))
            os.close(descriptor)
            environment["PGPASSFILE"] = password_file
        run = subprocess.Popen(
            command, env=environment, stdin=open(os.devnull), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        said = run.communicate()[0].decode("utf-8", "replace").strip()
    except OSError as error:
        raise BackupFault(
            "can't run %s (%s), so there is no backup: install PostgreSQL's client programs, or set PostgresDatabase.binaries"
            " to their directory on the host" % (program, error.strerror)
        )
    finally:
        if password_file is not None:
            os.unlink(password_file)
    if run.returncode != 0:
        last = said.splitlines()[-1] if said else "it ended with status %d" % run.returncode
        raise BackupFault("pg_dump failed, so there is no backup: %s" % last)


def _copy_sqlite(name, part):
    import sqlite3

    source_path = os.path.realpath("%s" % name)
    if not os.path.exists(source_path):
        raise BackupFault("the database %s does not exist: manage.py migrate creates it" % source_path)
    with closing(sqlite3.connect(source_path, timeout=60)) as source:
        if hasattr(source, "backup"):
            with closing(sqlite3.connect(part)) as target:
                source.backup(target)
        else:
            # Python before 3.7: while nobody else can write, copies of file and write-ahead log belong together.
            source.isolation_level = None
            source.execute("BEGIN IMMEDIATE")
            shutil.copyfile(source_path, part)
            if os.path.exists(source_path + "-wal"):
                shutil.copyfile(source_path + "-wal", part + "-wal")
            source.execute("ROLLBACK")
    with closing(sqlite3.connect(part)) as target:
        target.execute("PRAGMA journal_mode = DELETE").fetchall()
        said = target.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        raise BackupFault("sqlite finds errors in the copy of %s: check the database itself (PRAGMA integrity_check)" % source_path)


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--directory", required=True)
    parser.add_argument("--label", required=True)
    parser.add_argument("--client")
    parser.add_argument("--settings")
    parser.add_argument("--if-any", action="store_true")
    options = parser.parse_args(arguments)
    try:
        set_up_django(options.settings)
        none = reason_for_none() if options.if_any else None
        print(none or "backup %s" % back_up(options.directory, options.label, options.client))
    except BackupFault as fault:
        sys.exit("%s" % fault)


if __name__ == "__main__":
    main(sys.argv[1:])
