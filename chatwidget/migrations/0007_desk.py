from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from chatwidget.migrations._roles import AGENT, OWNER, READER, grant

ALL = ("add", "change", "delete", "view")
ROLES = {
    READER: ["view_conversation"],
    AGENT: ["view_conversation", "change_conversation", "change_visitor"],
    OWNER: [
        *(f"{verb}_conversation" for verb in ALL[1:]),
        "change_visitor",
        *(f"{verb}_{model}" for model in ("widget", "widgetaccess") for verb in ALL),
    ],
}


def add_roles(apps: Any, schema_editor: Any) -> None:
    grant(apps, schema_editor, ROLES)


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0006_fallback"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Judgement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("author_name", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(auto_now=True)),
                (
                    "verdict",
                    models.CharField(
                        choices=[("right", "Right"), ("wrong", "Wrong")], max_length=16
                    ),
                ),
                ("reason", models.TextField(blank=True, max_length=10000)),
                ("expected", models.TextField(blank=True, max_length=50000)),
            ],
            options={
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("author_name", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(auto_now=True)),
                ("text", models.TextField(max_length=10000, verbose_name="note")),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("query", models.CharField(max_length=4000)),
            ],
            options={
                "ordering": ["name"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=50)),
            ],
            options={
                "ordering": ["name"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="WidgetAccess",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
            options={
                "verbose_name": "access to widgets",
                "verbose_name_plural": "access to widgets",
            },
        ),
        migrations.AddField(
            model_name="conversation",
            name="done_seq",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="widget",
            name="no_answer",
            field=models.JSONField(blank=True, default=list, verbose_name="phrases of no answer"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("done_seq__gte", models.F("last_seq"))),
                fields=["-last_message_at", "-id"],
                name="cw_conv_done",
            ),
        ),
        migrations.AddField(
            model_name="judgement",
            name="author",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="judgement",
            name="message",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="judgement",
                to="chatwidget.message",
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="author",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="conversation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notes",
                to="chatwidget.conversation",
            ),
        ),
        migrations.AddField(
            model_name="savedview",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="conversations",
            field=models.ManyToManyField(related_name="tags", to="chatwidget.conversation"),
        ),
        migrations.AddField(
            model_name="tag",
            name="widget",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tags",
                to="chatwidget.widget",
            ),
        ),
        migrations.AddField(
            model_name="widgetaccess",
            name="user",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.AddField(
            model_name="widgetaccess",
            name="widgets",
            field=models.ManyToManyField(
                blank=True, related_name="+", to="chatwidget.widget", verbose_name="widgets"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("user", "name"), name="cw_view_name"),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(fields=("widget", "name"), name="cw_tag_name"),
        ),
        migrations.RunPython(add_roles, migrations.RunPython.noop),
    ]
