"""Replaces what a copy of the data must not have: whole fields, by fixed values.

A rule is MODEL.FIELD and a text. `{pk}` in the text is the row's primary key, for a field whose values must
differ. An empty text empties the field: an empty text, NULL, or no relations.
"""
from __future__ import unicode_literals

from dump_faults import CopyFault
from dump_policy import is_text

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
            self._set_text(field, "user{pk}@example.invalid" if field.unique else "")

    def add(self, name, text):
        """Adds a rule. Fails where there is no such field, or it can't have such a value."""
        label, _, field_name = name.rpartition(".")
        try:
            model = self._apps.get_model(label)
        except (LookupError, ValueError):
            raise CopyFault("--scrub %s: the application has no model %s; it has %s" % (name, label, self._labels()))
        field = _field(model, field_name)
        if field is None:
            raise CopyFault(
                "--scrub %s: the model %s has no field %s; it has %s" % (name, label, field_name, ", ".join(_names(model)))
            )
        reason = _refusal(field, text)
        if reason is not None:
            raise CopyFault("--scrub %s: %s" % (name, reason))
        self._set_text(field, text)

    def check_models(self, labels):
        """Fails on a model to leave out that does not exist."""
        for label in labels:
            try:
                self._apps.get_model(label)
            except (LookupError, ValueError):
                raise CopyFault(
                    "--exclude %s: the application has no model %s; it has %s" % (label, label, self._labels())
                )

    def apply(self, row):
        """Changes a row as dumpdata has it."""
        for name, value in self._rules.get(row["model"].lower(), {}).items():
            if name in row["fields"]:
                row["fields"][name] = value(row.get("pk"))

    def describe(self):
        """Each field, and what becomes of it: never the value itself."""
        return ["%s.%s (%s)" % one for one in sorted(self.described)]

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


def _empty(field):
    if _is_many(field):
        return []
    return "" if field.empty_strings_allowed else None


def _refusal(field, text):
    """Why the field can't have the text as its value, or nothing."""
    if field.primary_key:
        return "it is the primary key, by which other rows know this one"
    if _is_many(field):
        return None if text == "" else "it is a relation to many rows, which can only be emptied: give no value"
    if text == "":
        if not field.empty_strings_allowed and not field.null:
            return "it can't be empty: give a value"
        is_same = field.empty_strings_allowed
    else:
        is_same = "{pk}" not in text
    if field.unique and is_same:
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
