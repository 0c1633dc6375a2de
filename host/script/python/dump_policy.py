"""Which rows of an old site's dump are loaded, as which models, and with which references.

migrate creates content types and permissions, with new primary keys. So the old rows are only read, to learn
what the old keys meant, and references to them are changed to the row that has the same natural key.
"""
from __future__ import unicode_literals

import hashlib
import json
from array import array
from collections import OrderedDict

CONTENT_TYPE = "contenttypes.contenttype"
PERMISSION = "auth.permission"
NOT_LOADED = OrderedDict(
    [
        (CONTENT_TYPE, "migrate has created the application's own"),
        (PERMISSION, "migrate has created the application's own"),
        ("sessions.session", "users log in again"),
    ]
)


class LoadFault(Exception):
    """Reason why the dump is not loaded, for a person: names rows and fields, never their values."""


try:
    _text = (str, unicode)
except NameError:
    _text = (str,)


def is_text(value):
    return isinstance(value, _text)


def row_name(number, label, pk):
    """Name of a row in messages."""
    shown = json.dumps(pk)
    if len(shown) > 60:
        shown = shown[:60] + "..."
    return "row %d (%s, pk %s)" % (number, label, shown)


def key_print(pk):
    """Hash of a key, eight bytes long, since the keys of a large dump may need too much memory."""
    return int(hashlib.sha256(("%s" % pk).encode("utf-8", "replace")).hexdigest()[:16], 16)


class Naming(object):
    """New names of the old application's models. Compares labels in lower case."""

    counterpart_fix = "add that model to DataMigration.renames, or %s to DataMigration.skipModels"

    def __init__(self, renames, skips):
        self.renames = dict((old.lower(), new.lower()) for old, new in renames.items())
        self.skips = set(label.lower() for label in skips)

    def renamed(self, label):
        return self.renames.get(label.lower(), label.lower())

    def content_type(self, key):
        """The natural key of a content type (app label, model) in the new application."""
        return tuple(self.renamed(".".join(key)).split(".", 1))

    def permission(self, codename, key):
        """The natural key of a permission: `add_target` follows its model's new name."""
        app, model = self.content_type(key)
        old = "_" + key[1]
        if codename.endswith(old):
            codename = codename[: -len(old)] + "_" + model
        return codename, app, model


class Survey(object):
    """Content of the dump: found in a first pass, before anything is changed."""

    def __init__(self, stream, naming, find_model):
        self.models = OrderedDict()
        self.sources = {}
        self.skipped = OrderedDict()
        self.unknown = OrderedDict()
        self.content_types = {}
        self.permissions = {}
        self._naming = naming
        self._find_model = find_model
        self._keys = {}
        for number, row in stream.rows():
            self._take(number, row)
        self.digest = stream.digest
        self._refuse_twins(stream)

    def places(self, label):
        """Position of each row among the rows of its model, by the hash of its key (`key_print`)."""
        return dict((key, place) for place, key in enumerate(self._keys.get(label, ())))

    def _refuse_twins(self, stream):
        """Fails on two rows with the same key, since loading would lose one of them."""
        twins = {}
        for label, keys in self._keys.items():
            ordered = sorted(keys)
            found = set(one for one, other in zip(ordered, ordered[1:]) if one == other)
            if found:
                twins[label] = found
        if not twins:
            return
        first = {}
        for number, row in stream.rows():
            label = self._naming.renamed(row["model"])
            if self.kind(row["model"]) != "load" or key_print(row["pk"]) not in twins.get(label, ()):
                continue
            key = (label, "%s" % row["pk"])
            if key in first:
                raise LoadFault(
                    "%s: row %d of the dump has the same model and pk, and a database can have only one of them: remove the other one from the dump"
                    % (row_name(number, label, row["pk"]), first[key])
                )
            first[key] = number

    def kind(self, label):
        """What becomes of the rows of a label: `load`, `skip` or `unknown`."""
        old = label.lower()
        if old in NOT_LOADED or old in self._naming.skips:
            return "skip"
        return "load" if self._find_model(self._naming.renamed(old)) else "unknown"

    def _take(self, number, row):
        label = row.get("model")
        fields = row.get("fields")
        if not is_text(label) or label.count(".") != 1:
            raise LoadFault('row %d has no model: "model" must be like "app.name"' % number)
        old = label.lower()
        kind = self.kind(old)
        if kind != "skip" and row.get("pk") is None:
            raise LoadFault(
                "row %d (%s) has no pk: dump it again without --natural-primary" % (number, label)
            )
        if not isinstance(fields, dict):
            raise LoadFault(
                '%s has no fields: "fields" must be an object' % row_name(number, label, row.get("pk"))
            )
        if kind == "unknown":
            self.unknown[old] = self.unknown.get(old, 0) + 1
        elif kind == "skip":
            self.skipped[old] = self.skipped.get(old, 0) + 1
            self._learn(old, row["pk"] if "pk" in row else None, fields)
        else:
            new = self._naming.renamed(old)
            self.models[new] = self.models.get(new, 0) + 1
            self._keys.setdefault(new, array(str("L"))).append(key_print(row["pk"]))
            self.sources.setdefault(new, set()).add(old)

    def _learn(self, label, pk, fields):
        if label == CONTENT_TYPE and is_text(fields.get("app_label")) and is_text(fields.get("model")):
            self.content_types[pk] = (fields["app_label"], fields["model"])
        elif label == PERMISSION and is_text(fields.get("codename")):
            self.permissions[pk] = (fields["codename"], fields.get("content_type"))


class References(object):
    """Changes references to content types and permissions to those of the new application."""

    def __init__(self, survey, naming, content_type_model, permission_model, using):
        self._survey = survey
        self._naming = naming
        self._models = [(model, kind) for model, kind in (
            (content_type_model, self._content_type),
            (permission_model, self._permission),
        ) if model is not None]
        self._content_types = {}
        self._permissions = {}
        self._fields = {}
        self.emptied = OrderedDict()
        self.dropped = OrderedDict()
        if content_type_model is not None:
            rows = content_type_model._base_manager.using(using).values_list("app_label", "model", "pk")
            self._content_types = dict(((app, name), pk) for app, name, pk in rows)
        if permission_model is not None:
            rows = permission_model._base_manager.using(using).values_list(
                "codename", "content_type__app_label", "content_type__model", "pk"
            )
            self._permissions = dict(((code, app, name), pk) for code, app, name, pk in rows)

    def repoint(self, number, model, row):
        """Changes the references in the row; empties and counts those without a counterpart."""
        for field, many, counterpart in self._reference_fields(model):
            value = row["fields"].get(field.name)
            if value is None:
                continue
            where = "%s.%s" % (row["model"], field.name)
            name = row_name(number, row["model"], row["pk"])
            if many:
                if not isinstance(value, list):
                    raise LoadFault('%s: the field "%s" must be a list' % (name, field.name))
                found = [counterpart(name, field, one) for one in value]
                row["fields"][field.name] = [pk for pk in found if pk is not None]
                if None in found:
                    self.dropped[where] = self.dropped.get(where, 0) + found.count(None)
                continue
            pk = counterpart(name, field, value)
            if pk is None:
                if not field.null:
                    raise LoadFault(
                        '%s: the field "%s" refers to a content type or permission that the application '
                        "does not have, and can't be empty: %s"
                        % (name, field.name, self._naming.counterpart_fix % row["model"])
                    )
                self.emptied[where] = self.emptied.get(where, 0) + 1
            row["fields"][field.name] = pk

    def _reference_fields(self, model):
        if model not in self._fields:
            found = []
            for many, fields in ((False, model._meta.concrete_fields), (True, model._meta.many_to_many)):
                for field in fields:
                    related = getattr(field, "related_model", None)
                    for target, counterpart in self._models:
                        if isinstance(related, type) and issubclass(related, target):
                            found.append((field, many, counterpart))
            self._fields[model] = found
        return self._fields[model]

    def _content_type(self, name, field, value):
        key = self._content_type_key(name, field, value)
        return None if key is None else self._content_types.get(self._naming.content_type(key))

    def _content_type_key(self, name, field, value):
        if isinstance(value, list):
            if len(value) == 2 and all(is_text(part) for part in value):
                return tuple(value)
            raise self._no_reference(name, field)
        return self._old(self._survey.content_types, CONTENT_TYPE, name, field, value)

    def _permission(self, name, field, value):
        if isinstance(value, list):
            if len(value) != 3 or not all(is_text(part) for part in value):
                raise self._no_reference(name, field)
            codename, key = value[0], tuple(value[1:])
        else:
            old = self._old(self._survey.permissions, PERMISSION, name, field, value)
            if old is None:
                return None
            codename, content_type = old
            key = self._content_type_key(name, field, content_type)
            if key is None:
                return None
        return self._permissions.get(self._naming.permission(codename, key))

    def _old(self, rows, label, name, field, value):
        if not rows:
            raise LoadFault(
                '%s: the field "%s" refers to a row of %s by its primary key, and the dump has no rows of that model '
                "to tell which one it is: dump it again with them, or with --natural-foreign"
                % (name, field.name, label)
            )
        if isinstance(value, (dict, float)):
            raise self._no_reference(name, field)
        # A key that was dumped as text means the same row.
        if is_text(value) and value.isdigit():
            value = int(value)
        return rows.get(value)

    def _no_reference(self, name, field):
        return LoadFault('%s: the field "%s" has no reference as dumpdata writes it' % (name, field.name))
