"""Replaces what a copy of the data must not have: whole fields, by fixed values.

A rule is MODEL.FIELD and a text. `{pk}` in the text is the row's primary key, for a field whose values must
differ. An empty text empties the field: an empty text, NULL, or no relations.
"""
from __future__ import unicode_literals

from dump_faults import CopyFault
from dump_policy import CONTENT_TYPE, PERMISSION, is_text

UNUSABLE = "unusable"
SESSIONS = "sessions.session"


class Scrub(object):
    """Rules by the model whose rows have the field."""

    def __init__(self, apps):
        self._apps = apps
        self._rules = {}
        self.described = []

    def add_defaults(self):
        """Passwords that nobody can log in with, and no e-mail address."""
        if not self._apps.is_installed("django.contrib.auth"):
            return
        from django.contrib.auth import get_user_model
        from django.contrib.auth.hashers import make_password

        user = get_user_model()
        if _field(user, "password") is not None:
            self._set(user._meta.get_field("password"), lambda pk: make_password(None), UNUSABLE)
        email = user.get_email_field_name() if hasattr(user, "get_email_field_name") else "email"
        field = _field(user, email)
        if field is not None:
            self._set_text(field, "user{pk}@example.invalid" if _may_have_to_differ(field) else "")

    def add(self, name, text):
        """Adds a rule. Fails where there is no such field, or it can't have such a value."""
        label, _, field_name = name.rpartition(".")
        model = self._find("--scrub %s" % name, label)
        field = _field(model, field_name)
        if field is None:
            raise CopyFault(
                "--scrub %s: the model %s has no field %s; it has %s" % (name, label, field_name, ", ".join(_names(model)))
            )
        reason = _refusal(field, text)
        if reason is not None:
            raise CopyFault("--scrub %s: %s" % (name, reason))
        self._set_text(field, text)

    def left_out(self, labels):
        """The models, as dumpdata leaves them out. Fails on one whose rows it would print all the same."""
        found = []
        for label in labels:
            option = "--exclude %s" % label
            # dumpdata prints a proxy's rows as those of the model that has the table.
            label = _label(self._find(option, label)._meta.concrete_model)
            if label in (CONTENT_TYPE, PERMISSION):
                raise CopyFault(
                    "%s: other rows refer to these, so the copy needs them; they are never loaded: take this option away"
                    % option
                )
            found.append(label)
        return found

    def apply(self, row):
        """Changes a row as dumpdata has it."""
        for name, value in self._rules.get(row["model"].lower(), {}).items():
            if name in row["fields"]:
                row["fields"][name] = value(row.get("pk"))

    def describe(self):
        """Each field, and what becomes of it: never the value itself."""
        return ["%s.%s (%s)" % one for one in sorted(self.described)]

    def _find(self, option, label):
        """The model. Fails where dumpdata prints no rows of that name: a rule for it would do nothing."""
        try:
            model = self._apps.get_model(label)
        except (LookupError, ValueError):
            raise CopyFault("%s: the application has no model %s; it has %s" % (option, label, self._labels()))
        if model._meta.swapped:
            raise CopyFault("%s: the application has %s in place of this model: name that" % (option, model._meta.swapped))
        if model._meta.auto_created:
            owner = model._meta.auto_created
            names = [field.name for field in owner._meta.local_many_to_many if _through(field) is model]
            field = ".".join([_label(owner)] + names)
            raise CopyFault(
                "%s: its rows are relations of the field %s, which --scrub %s= empties" % (option, field, field)
            )
        return model

    def _set_text(self, field, text):
        if text == "":
            empty = _empty(field)
            self._set(field, lambda pk: list(empty) if isinstance(empty, list) else empty, "emptied")
        else:
            self._set(field, lambda pk: text.replace("{pk}", "%s" % pk), "replaced")

    def _set(self, field, value, how):
        # dumpdata writes an inherited field into the row of the model that has its column.
        label = _label(field.model)
        self._rules.setdefault(label, {})[field.name] = value
        self.described = [one for one in self.described if one[:2] != (label, field.name)]
        self.described.append((label, field.name, how))

    def _labels(self):
        return ", ".join(sorted(_label(model) for model in self._apps.get_models()))


def _label(model):
    return ("%s.%s" % (model._meta.app_label, model._meta.object_name)).lower()


def _fields(model):
    return list(model._meta.concrete_fields) + list(model._meta.many_to_many)


def _field(model, name):
    found = [field for field in _fields(model) if field.name == name]
    return found[0] if found else None


def _names(model):
    return sorted(field.name for field in _fields(model) if not field.primary_key)


def _is_many(field):
    return field in field.model._meta.many_to_many


def _through(field):
    return (getattr(field, "remote_field", None) or field.rel).through


def _empty(field):
    if _is_many(field):
        return []
    # Any number of rows may have NULL in a field whose values must differ.
    return "" if field.empty_strings_allowed and not (field.null and _must_differ(field)) else None


def _must_differ(field):
    """May no two rows have the same value?"""
    return field.unique or any(tuple(names) == (field.name,) for names in _unique_rules(field.model))


def _may_have_to_differ(field):
    """The same, or with other fields, under a condition, or in an expression."""
    return field.unique or any(not names or field.name in names for names in _unique_rules(field.model, True))


def _unique_rules(model, with_all=False):
    """Names of the fields of each unique constraint; with all, also of those with a condition or an expression."""
    rules = [tuple(names) for names in model._meta.unique_together]
    for constraint in getattr(model._meta, "constraints", ()):
        if type(constraint).__name__ == "UniqueConstraint":
            if with_all or (constraint.condition is None and constraint.fields):
                rules.append(tuple(constraint.fields))
    return rules


def _refusal(field, text):
    """Why the field can't have the text as its value, or nothing."""
    if field.primary_key:
        return "it is the primary key, by which other rows know this one"
    if _is_many(field):
        if not _through(field)._meta.auto_created:
            label = _label(_through(field))
            return "its relations are rows of the model %s: leave these out with --exclude %s" % (label, label)
        return None if text == "" else "it is a relation to many rows, which can only be emptied: give no value"
    if text == "":
        if not field.empty_strings_allowed and not field.null:
            return "it can't be empty: give a value"
        is_same = _empty(field) == ""
    else:
        is_same = "{pk}" not in text
    if _must_differ(field) and is_same:
        return "its values must differ: write {pk} where the row's primary key goes, such as user{pk}"
    sample = text.replace("{pk}", "1")
    if text != "" and not _is_accepted(field, sample):
        return "the field refuses this value (%s)" % field.get_internal_type()
    if field.max_length is not None and is_text(sample) and len(sample) > field.max_length:
        return "the value is longer than %d characters" % field.max_length
    return None


def _is_accepted(field, text):
    try:
        field.to_python(text)
        return True
    except Exception:
        return False
