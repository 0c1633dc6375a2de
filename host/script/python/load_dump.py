"""Loads an old site's dump into the new application's database, once.

Runs as the site's user in the release, with the release's Python and the service's environment. With
--dump, stdin is the dump: only the caller must be able to open it. It is read more than once, from an unnamed
temporary file in the directory of the backups.

    python load_dump.py [--dump] --digest HEX --name NAME --backups DIR
        [--rename OLD=NEW]... [--skip LABEL]... [--confirm HEX] [--client DIR] [--settings MODULE]

Data, counts per model, constraints, sequences and the marker are one transaction. It prints lines
`KIND TEXT`: `backup PATH`, `loaded LABEL: ...`, `note TEXT`; the last line of stderr is the reason of a
failure. Exit codes: 0 loaded or loaded before, 1 failed, 3 the dump is needed and was not given.
"""
from __future__ import print_function, unicode_literals

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import OrderedDict

from backup import back_up, set_up_django
from dump_faults import READY, explain, in_ascii
from dump_policy import NOT_LOADED, LoadFault, Naming, References, Survey, row_name
from dump_stream import DumpStream

NO_DUMP = 3
# A row that migrate creates for every site, and that is nobody's data.
SITES = "sites.site"


class Load(object):
    """One load: the dump is checked first, then loaded."""

    arrived = "pulumi up has copied"
    dangling_fix = ""
    unknown_fix = "Add their new models to DataMigration.renames, or list them in DataMigration.skipModels"

    def __init__(self, options):
        from django.apps import apps
        from django.db import connection

        self.options = options
        self.apps = apps
        self.connection = connection
        self.backup = None
        if connection.vendor not in ("postgresql", "sqlite"):
            raise LoadFault("the database is %s: only PostgreSQL and sqlite are supported" % connection.vendor)
        self.naming = Naming(dict(pair.split("=", 1) for pair in options.rename), options.skip)
        for old, new in sorted(self.naming.renames.items()):
            if self.find_model(new) is None:
                raise LoadFault(
                    "DataMigration.renames: %s -> %s: the application has no model %s; it has %s"
                    % (old, new, new, ", ".join(self.own_labels()))
                )

    def find_model(self, label):
        try:
            return self.apps.get_model(label)
        except (LookupError, ValueError):
            return None

    def own_labels(self):
        labels = [model._meta.label_lower if hasattr(model._meta, "label_lower") else "%s" % model._meta
                  for model in self.apps.get_models()]
        return sorted(label for label in labels if not label.startswith(("admin.", "auth.", "contenttypes.", "sessions.")))

    def already(self):
        """Marker of this dump, if it was loaded."""
        from dump_marker import markers

        for marker in markers(self.connection):
            if marker.digest == self.options.digest:
                return marker
        return None

    def take_dump(self):
        """File of the dump that can be read more than once."""
        return lay_down(self.options.backups)

    def examine(self):
        """Reads the dump once, and fails on what can't or must not be loaded."""
        self.dump = self.take_dump()
        self.stream = DumpStream(self.dump.fileno())
        self.survey = Survey(self.stream, self.naming, self.find_model)
        if self.survey.digest != self.options.digest:
            raise LoadFault(
                "the dump is not the one that %s: its digest is %s, not %s"
                % (self.arrived, self.survey.digest, self.options.digest)
            )
        if self.survey.unknown:
            counts = ", ".join("%s (%s)" % (label, _rows(n)) for label, n in self.survey.unknown.items())
            raise LoadFault(
                "the dump has rows of models that the application does not have: %s. %s; the application has %s"
                % (counts, self.unknown_fix, ", ".join(self.own_labels()))
            )
        if not self.survey.models:
            raise LoadFault("the dump has no rows to load")
        self.refuse_tableless()
        self.refuse_unconfirmed()

    def refuse_tableless(self):
        """Fails on an unmanaged model without a table: it may stand for a view, or for somebody else's table."""
        with self.connection.cursor() as cursor:
            tables = self.connection.introspection.table_names(cursor)
        lacking = [label for label in self.survey.models if self.find_model(label)._meta.db_table not in tables]
        unmanaged = [label for label in lacking if not self.find_model(label)._meta.managed]
        if unmanaged:
            raise LoadFault(
                "the dump has rows of %s, for which migrate creates no table (managed = False), and the database has none: "
                "list it in DataMigration.skipModels, or create its table first" % ", ".join(unmanaged)
            )

    def refuse_unconfirmed(self):
        """Loading overwrites rows by primary key, so a person must confirm it where there are rows."""
        from dump_marker import markers

        before = self.rows_before()
        if self.options.confirm == self.options.digest:
            return
        reasons = []
        for marker in markers(self.connection):
            # Inside the transaction, this dump's own marker is there already.
            if marker.name == self.options.name and marker.digest != self.options.digest:
                counts = ", ".join("%s %d" % one for one in sorted(marker.counts.items()))
                reasons.append("another dump (%s...) was loaded at %s: %s" % (marker.digest[:12], marker.loaded_at, counts))
        filled = ["%s has %s" % (label, _rows(n)) for label, n in before.items() if n]
        if filled:
            reasons.append("tables are not empty: " + ", ".join(filled))
        if reasons:
            raise LoadFault(
                "%s. Loading replaces rows that have the same primary key as a row of the dump, and keeps the others. "
                "If you want that, set DataMigration.confirm to this dump's digest, %s%s"
                % (
                    "; ".join(reasons),
                    self.options.digest,
                    ", not %s" % self.options.confirm if self.options.confirm else "",
                )
            )

    def rows_before(self):
        counts = OrderedDict((label, self.count(label)) for label in self.survey.models)
        if counts.get(SITES) == 1:
            site = self.find_model(SITES)._base_manager.using(self.connection.alias).get()
            if site.domain == "example.com":
                counts[SITES] = 0
        return counts

    def count(self, label):
        return self.find_model(label)._base_manager.using(self.connection.alias).count()

    def carry_out(self):
        """Loads the dump in one transaction: all of it, or nothing."""
        from django.core.management.color import no_style
        from django.db import transaction
        from dump_rows import RowWriter, describe

        using = self.connection.alias
        models = OrderedDict((label, self.find_model(label)) for label in self.survey.models)
        # sqlite can switch its checks off only before the transaction begins.
        with self.connection.constraint_checks_disabled():
            with transaction.atomic(using=using):
                self.begin(models.values())
                before = OrderedDict((label, self.count(label)) for label in models)
                writer = RowWriter(
                    self.connection, set(m for label, m in models.items() if not before[label]), self.survey
                )
                references = self.references(using)
                writer.write(self.rows(references))
                if self.stream.digest != self.options.digest:
                    raise LoadFault("the dump was changed while it was read")
                self.check_constraints(list(models.values()), describe)
                report = self.check_counts(before, models, writer)
                with self.connection.cursor() as cursor:
                    for statement in self.connection.ops.sequence_reset_sql(no_style(), list(models.values())):
                        cursor.execute(statement)
                self.end()
        return report + self.remarks(references)

    def begin(self, models):
        """First in the transaction: makes sure that no other load and no writer comes between."""
        from dump_marker import set_marker

        set_marker(self.connection, self.options.digest, self.options.name, self.backup)
        self.lock(models)
        # Checks again: the site may have written rows meanwhile.
        self.refuse_unconfirmed()

    def end(self):
        """Last in the transaction."""
        from dump_marker import set_counts

        set_counts(self.connection, self.options.digest, dict(self.survey.models))

    def lock(self, models):
        """Makes writers wait until the load is done; readers don't. sqlite allows one writer anyhow."""
        if self.connection.vendor != "postgresql":
            return
        tables = sorted(set(table for model in models for table in _tables(model)))
        quoted = ", ".join(self.connection.ops.quote_name(table) for table in tables)
        with self.connection.cursor() as cursor:
            cursor.execute("LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE" % quoted)

    def references(self, using):
        def installed(app, name):
            return self.apps.get_model(app, name) if self.apps.is_installed("django.contrib." + app) else None

        return References(
            self.survey, self.naming, installed("contenttypes", "ContentType"), installed("auth", "Permission"), using
        )

    def rows(self, references):
        for number, row in self.stream.rows():
            if self.survey.kind(row["model"]) != "load":
                continue
            new = self.naming.renamed(row["model"])
            row["model"] = new
            references.repoint(number, self.find_model(new), row)
            yield number, row

    def check_constraints(self, models, describe):
        from django.db import DatabaseError, transaction

        try:
            with transaction.atomic(using=self.connection.alias):
                self.connection.check_constraints(table_names=sorted(set(t for m in models for t in _tables(m))))
        except DatabaseError as error:
            from dump_dangling import first_dangling

            found = first_dangling(self.connection, models)
            if found is None:
                raise LoadFault("at the end of the load, %s" % describe(error))
            model, field, pk, count = found
            raise LoadFault(
                '%s: the field "%s" refers to a row that is neither in the dump nor in the database (%s of this kind)%s'
                % (self.find_row(model, pk), field, _rows(count), self.dangling_fix.format("%s" % model._meta, field))
            )

    def find_row(self, model, pk):
        """Name of a row, by its model and primary key."""
        for number, row in self.stream.rows():
            if self.survey.kind(row["model"]) == "load":
                label = self.naming.renamed(row["model"])
                if self.find_model(label) is model and "%s" % row["pk"] == "%s" % pk:
                    return row_name(number, label, row["pk"])
        return "%s, pk %s, which is not from the dump" % (model._meta, pk)

    def check_counts(self, before, models, writer):
        report = []
        for label, model in models.items():
            wanted = self.survey.models[label]
            replaced = writer.replaced.get(model, 0)
            now = self.count(label)
            more = now - before[label] - wanted + replaced
            if more < 0:
                raise LoadFault(
                    "the count is wrong: the dump has %s of %s, the table had %d and now has %d"
                    % (_rows(wanted), label, before[label], now)
                )
            if more > 0 and not before[label]:
                report.append("note %s: %s more, which the application or its database has created for rows of the dump" % (label, _rows(more)))
            old = sorted(self.survey.sources[label] - set([label]))
            report.append(
                "loaded %s: %s%s%s"
                % (
                    label,
                    _rows(wanted),
                    " of " + ", ".join(old) if old else "",
                    ", %d of them in place of existing rows" % replaced if replaced else "",
                )
            )
        return report

    def remarks(self, references):
        lines = []
        for label, n in self.survey.skipped.items():
            why = NOT_LOADED.get(label, "listed in DataMigration.skipModels")
            lines.append("note %s: %s not loaded (%s)" % (label, _rows(n), why))
        for where, n in references.dropped.items():
            lines.append("note %s: %d left out, since the application has no such content type or permission" % (where, n))
        for where, n in references.emptied.items():
            lines.append("note %s: %d emptied, since the application has no such content type or permission" % (where, n))
        return lines


def _tables(model):
    return [model._meta.db_table] + [field.m2m_db_table() for field in model._meta.many_to_many if hasattr(field, "m2m_db_table")]


def _rows(n):
    return "1 row" if n == 1 else "%d rows" % n


def lay_down(directory):
    """The dump from stdin as a file that can be read again; it has no name, and is removed with this program."""
    file = tempfile.TemporaryFile(dir=directory)
    try:
        with os.fdopen(0, "rb") as stdin:
            shutil.copyfileobj(stdin, file)
        file.flush()
    except EnvironmentError as error:
        raise LoadFault("can't write a copy of the dump to %s: %s" % (directory, error.strerror or error))
    return file


def run(options):
    set_up_django(options.settings)
    from django.conf import settings

    # With DEBUG Django keeps every statement in memory.
    settings.DEBUG = False
    READY.append(True)
    load = Load(options)
    marker = load.already()
    if marker:
        print("note already loaded at %s: unchanged" % marker.loaded_at)
        for label, n in sorted(marker.counts.items()):
            print("note loaded %s: %s" % (label, _rows(n)))
        if marker.backup:
            print("backup %s" % marker.backup)
        return 0
    if not options.dump:
        return NO_DUMP
    load.examine()
    load.backup = back_up(options.backups, "before-data-migration", options.client)
    try:
        report = load.carry_out()
    except Exception as fault:
        # The caller reports where the backup is, whatever the error.
        print("backup %s" % load.backup)
        raise fault
    print("backup %s" % load.backup)
    for line in report:
        print(line)
    return 0


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--dump", action="store_true")
    parser.add_argument("--digest", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--backups", required=True)
    parser.add_argument("--rename", action="append", default=[])
    parser.add_argument("--skip", action="append", default=[])
    parser.add_argument("--confirm")
    parser.add_argument("--client")
    parser.add_argument("--settings")
    # A time-out of the caller rolls back and cleans up like any error.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal: nothing was loaded"))
    options = parser.parse_args(arguments)
    try:
        return run(options)
    except Exception as error:
        sys.stdout.flush()
        sys.exit(in_ascii("%s: nothing was loaded" % explain(error)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
