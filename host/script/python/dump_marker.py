"""The marker: a table in the database that lists the dumps that were loaded into it.

The transaction that loads also writes the marker, so it stays true whatever happens to the host or to Pulumi's
state, and when the database is restored from an older backup.
"""
from __future__ import unicode_literals

import json
from datetime import datetime

TABLE = "tracks_data_migration"
_CREATE = (
    "CREATE TABLE " + TABLE + " (digest varchar(64) NOT NULL PRIMARY KEY, name varchar(200) NOT NULL, "
    "loaded_at varchar(20) NOT NULL, counts text NOT NULL, backup text NOT NULL)"
)


class Marker(object):
    """One load, as recorded in the table."""

    def __init__(self, digest, name, loaded_at, counts, backup):
        self.digest = digest
        self.name = name
        self.loaded_at = loaded_at
        self.counts = counts
        self.backup = backup


def markers(connection):
    """All loads of this database, oldest first."""
    if TABLE not in connection.introspection.table_names():
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT digest, name, loaded_at, counts, backup FROM " + TABLE + " ORDER BY loaded_at")
        return [
            Marker(digest, name, loaded_at, json.loads(counts), backup)
            for digest, name, loaded_at, counts, backup in cursor.fetchall()
        ]


def set_marker(connection, digest, name, backup):
    """Records the load. A second loader waits here for the first one, and then fails."""
    if TABLE not in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(_CREATE)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO " + TABLE + " (digest, name, loaded_at, counts, backup) VALUES (%s, %s, %s, %s, %s)",
            [digest, name, datetime.utcnow().strftime("%Y-%m-%dT%H:%M:%SZ"), "{}", backup],
        )


def set_counts(connection, digest, counts):
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE " + TABLE + " SET counts = %s WHERE digest = %s", [json.dumps(counts, sort_keys=True), digest]
        )
