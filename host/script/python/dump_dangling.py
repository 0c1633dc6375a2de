"""Finds rows with dangling references, after the database has reported that there are some."""
from __future__ import unicode_literals


def first_dangling(connection, models):
    """(model, field, pk, how many) of the first dangling reference in the models' tables."""
    for model in models:
        for field in model._meta.local_concrete_fields:
            found = _dangling(connection, model._meta.db_table, model._meta.pk.column, field)
            if found:
                return model, field.name, found[0], found[1]
        for many in model._meta.many_to_many:
            through = _through(many)
            for field in through._meta.local_concrete_fields:
                column = many.m2m_column_name()
                found = _dangling(connection, through._meta.db_table, column, field)
                if found:
                    return model, many.name, found[0], found[1]
    return None


def _dangling(connection, table, key, field):
    related = getattr(field, "related_model", None)
    if related is None:
        return None
    quote = connection.ops.quote_name
    target = field.target_field.column if hasattr(field, "target_field") else related._meta.pk.column
    names = {
        "table": quote(table),
        "key": quote(key),
        "column": quote(field.column),
        "other": quote(related._meta.db_table),
        "target": quote(target),
    }
    where = (
        "FROM %(table)s t LEFT JOIN %(other)s o ON o.%(target)s = t.%(column)s "
        "WHERE t.%(column)s IS NOT NULL AND o.%(target)s IS NULL" % names
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT t.%s %s ORDER BY 1 LIMIT 1" % (names["key"], where))
        row = cursor.fetchone()
        if row is None:
            return None
        cursor.execute("SELECT COUNT(*) " + where)
        return row[0], cursor.fetchone()[0]


def _through(many):
    relation = getattr(many, "remote_field", None) or many.rel
    return relation.through
