from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

# Two of the tables are large: no row of theirs is written.
AddColumn = import_module("chatwidget.migrations.0004_message_revision").AddColumn


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0009_notices"),
    ]

    operations = [
        migrations.CreateModel(
            name="Glance",
            fields=[
                (
                    "conversation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="glance",
                        serialize=False,
                        to="chatwidget.conversation",
                    ),
                ),
                ("seq", models.PositiveIntegerField()),
            ],
            options={"default_permissions": ()},
        ),
        migrations.CreateModel(
            name="Handover",
            fields=[
                (
                    "conversation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="handover",
                        serialize=False,
                        to="chatwidget.conversation",
                    ),
                ),
                ("staff", models.CharField(blank=True, max_length=255)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("active_at", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "live conversation",
                "verbose_name_plural": "Live",
                "default_permissions": (),
            },
        ),
        AddColumn(
            model_name="conversation",
            name="with_person",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        AddColumn(
            model_name="message",
            name="author",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        AddColumn(
            model_name="message",
            name="event",
            field=models.CharField(blank=True, db_default="", default="", max_length=16),
        ),
        migrations.AddField(
            model_name="widget",
            name="desk",
            field=models.JSONField(blank=True, default=dict, verbose_name="people who answer"),
        ),
        migrations.AlterField(
            model_name="message",
            name="role",
            field=models.CharField(
                choices=[
                    ("user", "visitor"),
                    ("assistant", "agent"),
                    ("operator", "staff"),
                    ("event", "event"),
                ],
                max_length=16,
            ),
        ),
    ]
