"""System checks of the database: is it one that we can use, and set up for what we do with it?"""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, router

from chatwidget import encryption
from chatwidget.db import missing_migrations
from chatwidget.errors import PlatformMisconfigured
from chatwidget.models import Message, Widget


@register
def check_router(**kwargs: Any) -> list[CheckMessage]:
    """Some statements are our own SQL, which no router sees."""
    alias = router.db_for_write(Message)
    if alias == DEFAULT_DB_ALIAS == router.db_for_read(Message):
        return []
    hint = "Have DATABASE_ROUTERS leave the app chatwidget to the default database."
    message = f"A router sends the chat widget's tables to {alias!r}, or reads them elsewhere."
    return [Error(message, hint=hint, id="chatwidget.E011")]


@register
def check_sqlite(**kwargs: Any) -> list[CheckMessage]:
    """Transactions that read before they write fail at once, however long they might wait."""
    if settings.DEBUG or connection.vendor != "sqlite":
        return []
    mode = connection.settings_dict["OPTIONS"].get("transaction_mode") or ""
    if mode.upper() in ("IMMEDIATE", "EXCLUSIVE"):
        return []
    hint = 'DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 15, …}.'
    message = "SQLite: of several visitors who write at once, some are refused."
    return [Warning(message, hint=hint, id="chatwidget.W011")]


@register
def check_database(**kwargs: Any) -> list[CheckMessage]:
    """Is the database one that we can use, and does it have what this version needs?"""
    if connection.vendor not in ("sqlite", "postgresql", "mysql"):
        hint = "Use PostgreSQL, SQLite, MariaDB or MySQL."
        message = f"The chat widget does not work on {connection.display_name}."
        return [Error(message, hint=hint, id="chatwidget.E007")]
    if sys.argv[1:2] == ["migrate"]:
        return []
    try:
        if missing := missing_migrations():
            hint = "Run `manage.py migrate`; until then messages are refused."
            message = f"The database lacks {', '.join(missing)} of the chat widget's migrations."
            return [Warning(message, hint=hint, id="chatwidget.W004")]
        if connection.vendor == "mysql" and (problem := _mysql_problem()):
            hint = "Make the database with CHARACTER SET utf8mb4 and InnoDB, and migrate again."
            return [Error(problem, hint=hint, id="chatwidget.E010")]
        stored = dict(Widget.objects.values_list("slug", "encrypted_key"))
    except DatabaseError:  # it is away, or empty: every command that needs it says so itself
        return []
    unreadable = []
    for slug, key in stored.items():
        try:
            encryption.decrypt(key)
        except (PlatformMisconfigured, ImproperlyConfigured):
            unreadable.append(slug)
    if not unreadable:
        return []
    hint = (
        "Put the secret that they were stored under back into CHATWIDGET_SECRET_KEYS (or "
        "SECRET_KEY_FALLBACKS), or give the keys again with configure_widget."
    )
    message = f"Keys that cannot be read, of the widgets {', '.join(unreadable)}."
    return [Warning(message, hint=hint, id="chatwidget.W005")]


def _mysql_problem() -> str:
    """What its tables were made with, which decides what they can hold and what a rollback does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT engine, character_set_name FROM information_schema.tables t "
            "JOIN information_schema.columns c USING (table_schema, table_name) "
            "WHERE t.table_schema = DATABASE() AND t.table_name = %s AND c.column_name = 'text'",
            [Message._meta.db_table],
        )
        engine, characters = cursor.fetchone() or ("InnoDB", "utf8mb4")
    if engine != "InnoDB":
        return f"The chat's tables are of the engine {engine}, which has no transactions."
    if characters != "utf8mb4":
        return f"The chat's tables are of the character set {characters}: it cannot hold an emoji."
    return ""
