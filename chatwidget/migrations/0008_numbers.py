from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from chatwidget.migrations._roles import AGENT, OWNER, READER, grant


def let_see(apps: Any, schema_editor: Any) -> None:
    grant(apps, schema_editor, {role: ["view_tally"] for role in (READER, AGENT, OWNER)})


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0007_desk"),
    ]

    operations = [
        migrations.CreateModel(
            name="Counted",
            fields=[
                (
                    "conversation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="chatwidget.conversation",
                    ),
                ),
                ("start", models.PositiveIntegerField()),
                ("question", models.BigIntegerField(null=True)),
                ("counts", models.JSONField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DailyKeys",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("totals", models.JSONField(default=dict)),
                ("quarters", models.JSONField(default=dict)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("span", models.PositiveSmallIntegerField()),
                ("start", models.PositiveIntegerField()),
                ("counts", models.BinaryField()),
            ],
            options={
                "verbose_name": "numbers",
                "verbose_name_plural": "numbers",
                "default_permissions": ("view",),
            },
        ),
        migrations.AddField(
            model_name="conversation",
            name="counted_revision",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("revision__gt", models.F("counted_revision"))),
                fields=["id"],
                name="cw_conv_uncounted",
            ),
        ),
        migrations.AddField(
            model_name="counted",
            name="widget",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="chatwidget.widget",
            ),
        ),
        migrations.AddField(
            model_name="dailykeys",
            name="widget",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="chatwidget.widget",
            ),
        ),
        migrations.AddField(
            model_name="tally",
            name="widget",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="chatwidget.widget",
            ),
        ),
        migrations.AddIndex(
            model_name="counted",
            index=models.Index(fields=["start", "widget", "question"], name="cw_counted_start"),
        ),
        migrations.AddConstraint(
            model_name="dailykeys",
            constraint=models.UniqueConstraint(fields=("day", "widget"), name="cw_keys_day"),
        ),
        migrations.AddConstraint(
            model_name="tally",
            constraint=models.UniqueConstraint(
                fields=("span", "start", "widget"), name="cw_tally_start"
            ),
        ),
        migrations.RunPython(let_see, migrations.RunPython.noop),
    ]
