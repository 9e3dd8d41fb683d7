from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


class AddColumn(migrations.AddField):
    """Adds a column at once, whatever the size of the table, and though it is in use.

    For SQLite Django would write the whole table again, since it does not count on `DEFAULT`.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            field = model._meta.get_field(self.name)
            BaseDatabaseSchemaEditor.add_field(schema_editor, model, field)


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0003_search"),
    ]

    # No row is written: 0 is what a message has that has not changed since, so it is no newer than
    # anything that a socket has been shown. Workers of the release before leave the column alone.
    operations = [
        AddColumn("message", "revision", models.PositiveIntegerField(db_default=0, default=0)),
    ]
