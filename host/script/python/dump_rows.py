"""Writes rows as Django's loaddata does, but many in one statement where the result is the same.

Everything happens within the caller's transaction. Errors name the row: number, model, pk.
"""
from __future__ import unicode_literals

import django
from django.core.serializers import python as python_serializer
from django.db import DatabaseError, IntegrityError, models, transaction
from django.db.models import signals

from dump_policy import LoadFault, is_text, key_print, row_name

ROWS_AT_ONCE = 500
PARAMETERS_AT_ONCE = 10000
CHARACTERS_AT_ONCE = 2 * 1024 * 1024


class RowWriter(object):
    """Writes the rows of a dump one after another.

    `empty` are the models whose tables were empty: other rows in these come from a receiver of a signal or from
    a trigger, and rows of the dump replace them. In other tables a row replaces the one with its key. `survey`
    has the keys of the dump.
    """

    def __init__(self, connection, empty, survey):
        self._connection = connection
        self._using = connection.alias
        self._empty = empty
        self._survey = survey
        self._batch = Batch()
        self._deferred = []
        self._written = {}
        self._places = {}
        self.replaced = {}

    def write(self, numbered_rows):
        for number, row, deserialized in self._deserialized(numbered_rows):
            model = type(deserialized.object)
            if self._batch.rows and (self._batch.model is not model or self._batch.full(self._most(model))):
                self._write_batch()
            self._batch.add(model, number, row, deserialized)
        self._write_batch()
        for number, label, deserialized in self._deferred:
            with self._blamed(number, label, deserialized):
                deserialized.save_deferred_fields(using=self._using)

    def _deserialized(self, numbered_rows):
        current = []

        def feed():
            for numbered in numbered_rows:
                # Natural keys are looked up in the database, so the rows before this one must be there.
                if self._batch.is_waited_for(numbered[1]):
                    current[:] = []
                    self._write_batch()
                current[:] = numbered
                yield numbered[1]

        options = {"using": self._using}
        if django.VERSION >= (2, 2):
            options["handle_forward_references"] = True
        rows = iter(python_serializer.Deserializer(feed(), **options))
        while True:
            # Errors of the stream pass unchanged; all others are the deserializer's, about a row.
            try:
                deserialized = next(rows)
            except StopIteration:
                return
            except Exception as error:
                if not current or type(error).__module__.startswith("dump_"):
                    raise
                raise self._refused(current[0], current[1], options)
            yield current[0], current[1], deserialized

    def _refused(self, number, row, options):
        """Error that names the fields that the application refuses, found by trying them one by one."""
        label = row["model"]
        model = python_serializer._get_model(label) if hasattr(python_serializer, "_get_model") else None
        unknown, wrong = [], []
        for field in sorted(row["fields"]):
            alone = {"model": label, "pk": row["pk"], "fields": {field: row["fields"][field]}}
            try:
                list(python_serializer.Deserializer([alone], **options))
            except Exception:
                (wrong if _has_field(model, field) else unknown).append('"%s"' % field)
        name = row_name(number, label, row["pk"])
        if unknown:
            return LoadFault(
                "%s: the application's model has no field %s" % (name, ", ".join(unknown))
            )
        if wrong:
            return LoadFault(
                "%s: the application's model refuses the value of the field %s" % (name, ", ".join(wrong))
            )
        return LoadFault("%s: the application's model refuses its pk" % name)

    def _most(self, model):
        """Largest number of rows of a model in one statement."""
        fields = _columns(model)
        most = min(ROWS_AT_ONCE, PARAMETERS_AT_ONCE // max(1, len(fields)))
        return max(1, min(most, self._connection.ops.bulk_batch_size(fields, [None] * most)))

    def _write_batch(self):
        batch, self._batch = self._batch, Batch()
        if batch.rows:
            self._write(batch)

    def _write(self, batch):
        try:
            with transaction.atomic(using=self._using):
                if batch.model in self._empty and _may_go_together(batch.model):
                    self._insert(batch)
                else:
                    self._save(batch)
        except Exception:
            # Together they can't be written: tries each by itself, to name the one that is wrong.
            for number, label, deserialized in batch.rows:
                with self._blamed(number, label, deserialized):
                    self._save_alone(batch.model, deserialized)
                self._written[batch.model] = self._written.get(batch.model, 0) + 1
        else:
            self._written[batch.model] = self._written.get(batch.model, 0) + len(batch.rows)
        for number, label, deserialized in batch.rows:
            if getattr(deserialized, "deferred_fields", None):
                self._deferred.append((number, label, deserialized))

    def _insert(self, batch):
        objects = [deserialized.object for _, _, deserialized in batch.rows]
        # raw: keeps the dump's values, even where the model would set the time of a change.
        batch.model._base_manager._insert(
            objects, fields=_columns(batch.model), using=self._using, raw=True
        )
        linked = self._linked_already(batch.model, objects)
        for _, _, deserialized in batch.rows:
            deserialized.object._state.adding = False
            deserialized.object._state.db = self._using
            self._link(deserialized, linked)

    def _save(self, batch):
        self._count_replaced(batch.model, [deserialized.object.pk for _, _, deserialized in batch.rows])
        for _, _, deserialized in batch.rows:
            self._save_one(batch.model, deserialized)

    def _count_replaced(self, model, keys):
        if model not in self._empty:
            there = model._base_manager.using(self._using).filter(pk__in=keys).count()
            self.replaced[model] = self.replaced.get(model, 0) + there

    def _save_one(self, model, deserialized):
        models.Model.save_base(deserialized.object, raw=True, using=self._using)
        self._link(deserialized, None)

    def _save_alone(self, model, deserialized):
        try:
            with transaction.atomic(using=self._using):
                self._save(_alone(model, deserialized))
        except IntegrityError:
            if not self._make_room(model, deserialized.object):
                raise
            with transaction.atomic(using=self._using):
                self._save(_alone(model, deserialized))

    def _make_room(self, model, row):
        """Removes rows that the load itself has caused, and that have a unique value of this row."""
        if model not in self._empty:
            return False
        removed = False
        label = "%s" % model._meta
        if model not in self._places:
            self._places[model] = self._survey.places(label.lower())
        places, written = self._places[model], self._written.get(model, 0)
        rows = model._base_manager.using(self._using)
        for names in _unique_together(model):
            wanted = dict((name, getattr(row, model._meta.get_field(name).attname)) for name in names)
            if None in wanted.values():
                continue
            for pk in list(rows.filter(**wanted).exclude(pk=row.pk).values_list("pk", flat=True)):
                # Otherwise that row comes from the dump: the dump has the unique value twice.
                if places.get(key_print(pk), written) >= written:
                    rows.filter(pk=pk)._raw_delete(self._using)
                    removed = True
        return removed

    def _linked_already(self, model, objects):
        """Keys of new rows that a trigger has linked to other rows, by the name of the field."""
        found = {}
        for field in model._meta.local_many_to_many:
            through = (getattr(field, "remote_field", None) or field.rel).through
            source = field.m2m_field_name()
            keys = [one.pk for one in objects]
            of_these = through._base_manager.using(self._using).filter(**{source + "__in": keys})
            found[field.name] = set(of_these.values_list(source, flat=True))
        return found

    def _link(self, deserialized, linked):
        """Sets many-to-many relations as in the dump; skips an empty list where nothing is linked."""
        for name, wanted in (deserialized.m2m_data or {}).items():
            if not wanted and linked is not None and deserialized.object.pk not in linked.get(name, ()):
                continue
            manager = getattr(deserialized.object, name)
            if hasattr(manager, "set"):
                manager.set(wanted)
            else:
                setattr(deserialized.object, name, wanted)

    def _blamed(self, number, label, deserialized):
        return _Blamed(row_name(number, label, deserialized.object.pk), deserialized.object)


class Batch(object):
    """Consecutive rows of one model."""

    def __init__(self):
        self.model = None
        self.rows = []
        self._characters = 0

    def add(self, model, number, row, deserialized):
        self.model = model
        self.rows.append((number, row["model"], deserialized))
        self._characters += sum(len(value) for value in row["fields"].values() if is_text(value))

    def is_waited_for(self, row):
        """May a row refer to one of these by a natural key?"""
        if not self.rows or row["model"] != self.rows[-1][1]:
            return bool(self.rows)
        return any(_is_natural(row["fields"].get(name), many) for name, many in _own_references(self.model))

    def full(self, most):
        return len(self.rows) >= most or self._characters >= CHARACTERS_AT_ONCE


def _own_references(model):
    """Names of the fields that refer to rows of the same model, and whether to many."""
    found = []
    for many, fields in ((False, model._meta.concrete_fields), (True, model._meta.many_to_many)):
        for field in fields:
            other = getattr(field, "related_model", None)
            if isinstance(other, type) and (issubclass(model, other) or issubclass(other, model)):
                found.append((field.name, many))
    return found


def _is_natural(value, many):
    return isinstance(value, list) and (not many or any(isinstance(one, list) for one in value))


def _alone(model, deserialized):
    batch = Batch()
    batch.model = model
    batch.rows.append((0, "", deserialized))
    return batch


def _unique_together(model):
    """Names of the fields of each unique constraint, except the primary key."""
    options = model._meta
    rules = [(field.name,) for field in _columns(model) if field.unique and not field.primary_key]
    rules += [tuple(names) for names in options.unique_together]
    for constraint in getattr(options, "constraints", ()):
        unconditional = type(constraint).__name__ == "UniqueConstraint" and constraint.condition is None
        if unconditional and constraint.fields:
            rules.append(tuple(constraint.fields))
    return rules


class _Blamed(object):
    """Turns a database error about a row into a message without its values."""

    def __init__(self, name, row):
        self._name = name
        self._row = row

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None or not isinstance(error, Exception):
            return False
        raise LoadFault("%s: %s" % (self._name, describe(error) + _suspects(self._row) + _bystanders(error, self._row)))


def describe(error):
    """Message of a database error, without the values in it."""
    if isinstance(error, LoadFault):
        return "%s" % error
    said = getattr(getattr(error, "__cause__", None), "diag", None)
    primary = getattr(said, "message_primary", None)
    if primary is None and isinstance(error, IntegrityError):
        # sqlite's message has table and columns, never values.
        primary = "%s" % error
    if primary and (isinstance(error, IntegrityError) or '"' not in primary):
        return "the database refuses it: %s" % primary
    if isinstance(error, DatabaseError):
        state = getattr(said, "sqlstate", None)
        return "the database refuses it (%s%s)" % (type(error).__name__, ", SQLSTATE %s" % state if state else "")
    return "it can't be written (%s)" % type(error).__name__


def _suspects(row):
    """Fields whose values the database can't store, since not every database names them."""
    found = []
    for field in _columns(type(row)):
        value = getattr(row, field.attname, None)
        if not is_text(value):
            continue
        if field.max_length and len(value) > field.max_length:
            found.append('"%s" is longer than %d characters' % (field.name, field.max_length))
        if "\x00" in value:
            found.append('"%s" has a NUL character in it' % field.name)
        try:
            value.encode("utf-8")
        except UnicodeError:
            found.append('"%s" has half a character in it (a lone surrogate)' % field.name)
    return "".join("; the field " + one for one in found)


def _bystanders(error, row):
    """Hint that a receiver that writes other rows may be what fails, since no traceback is shown."""
    if not isinstance(error, IntegrityError) or not _is_heard(type(row)):
        return ""
    return (
        "; this may be a row that the application's own receiver of pre_save or post_save writes: "
        "that receiver should return at once when raw is True"
    )


def _columns(model):
    return [
        field for field in model._meta.local_concrete_fields if not getattr(field, "generated", False)
    ]


def _is_heard(model):
    return any(signal.has_listeners(model) for signal in (signals.pre_save, signals.post_save))


def _may_go_together(model):
    """A statement for many rows sends no signals, and writes to one table only."""
    return not _is_heard(model) and not model._meta.parents


def _has_field(model, name):
    if model is None:
        return False
    try:
        field = model._meta.get_field(name)
    except Exception:
        return False
    # The other end of a foreign key has a name, too.
    return getattr(field, "concrete", False) or field in model._meta.many_to_many
