"""The migrations that data were written with, and those that a release has."""
from __future__ import unicode_literals


def applied(connection):
    """Migrations of this release that the database has, each with those that it replaces.

    Records of migrations that the release does not have any more say nothing of the rows that it dumps.
    """
    loader = _loader(connection)
    known = _known(loader)
    return [
        {"name": "%s.%s" % key, "replaces": ["%s.%s" % tuple(one) for one in known[key]]}
        for key in sorted(loader.applied_migrations)
        if key in known
    ]


def lacking(wanted):
    """Names of those that this release lacks."""
    known = set("%s.%s" % key for key in _known(_loader(None)))
    return [
        one["name"]
        for one in wanted
        if one["name"] not in known and not (one["replaces"] and known.issuperset(one["replaces"]))
    ]


def pending(connection):
    """Names of this release's migrations that the database lacks."""
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return ["%s.%s" % (migration.app_label, migration.name) for migration, _ in plan]


def _loader(connection):
    from django.db.migrations.loader import MigrationLoader

    return MigrationLoader(connection)


def _known(loader):
    """Migrations on the disk, and those that they replace: what each of them replaces."""
    known = {}
    for migration in loader.disk_migrations.values():
        for replaced in migration.replaces:
            known[tuple(replaced)] = []
    for key, migration in loader.disk_migrations.items():
        known[key] = list(migration.replaces)
    return known
