from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

SQLITE = """
CREATE VIRTUAL TABLE chatwidget_search USING fts5(
    words, content='chatwidget_searchentry', content_rowid='id', tokenize='ascii'
);
CREATE TRIGGER chatwidget_search_insert AFTER INSERT ON chatwidget_searchentry BEGIN
    INSERT INTO chatwidget_search(rowid, words) VALUES (new.id, new.words);
END;
CREATE TRIGGER chatwidget_search_delete AFTER DELETE ON chatwidget_searchentry BEGIN
    INSERT INTO chatwidget_search(chatwidget_search, rowid, words)
    VALUES ('delete', old.id, old.words);
END;
"""
POSTGRESQL = """
CREATE INDEX chatwidget_search ON chatwidget_searchentry
USING gin (to_tsvector('simple', words));
"""


def make_index(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        # One by one: executescript() would end the migration's transaction.
        for statement in SQLITE.strip().split(";\nCREATE"):
            schema_editor.execute(
                statement if statement.startswith("CREATE") else f"CREATE{statement}"
            )
    elif schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL)


def drop_index(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE chatwidget_search")
        schema_editor.execute("DROP TRIGGER chatwidget_search_insert")
        schema_editor.execute("DROP TRIGGER chatwidget_search_delete")
    elif schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX chatwidget_search")


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0002_appearance"),
    ]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="indexed_revision",
            field=models.PositiveIntegerField(default=0, db_default=0, editable=False),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                fields=["id"],
                condition=Q(revision__gt=F("indexed_revision")),
                name="cw_conv_unindexed",
            ),
        ),
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("words", models.TextField()),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="chatwidget.conversation",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="chatwidget.message",
                    ),
                ),
            ],
        ),
        migrations.RunPython(make_index, drop_index),
    ]
