from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import chatwidget.models.choices
from chatwidget.migrations._roles import OWNER, grant

MINE = [
    *(f"{verb}_webhook" for verb in ("add", "change", "delete", "view")),
    *(f"{verb}_notice" for verb in ("delete", "view")),
]


def add_permissions(apps: Any, schema_editor: Any) -> None:
    grant(apps, schema_editor, {OWNER: MINE})


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0008_numbers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Webhook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("url", models.CharField(max_length=1000, verbose_name="address")),
                ("events", models.JSONField(blank=True, default=list, verbose_name="events")),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                ("encrypted_secret", models.TextField(editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "widget",
                    models.ForeignKey(
                        blank=True,
                        help_text="Of which it is told; none: of all.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhooks",
                        to="chatwidget.widget",
                        verbose_name="widget",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook",
                "verbose_name_plural": "webhooks",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=chatwidget.models.choices.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("conversation.started", "a conversation began"),
                            ("conversation.ended", "a conversation was ended"),
                            ("person.requested", "a visitor asked for a person"),
                            ("visitor.email_given", "a visitor gave an e-mail address"),
                            ("reply.failed", "a reply failed"),
                            ("reply.rated", "a reply was rated"),
                            ("budget.warning", "a budget is nearly, or wholly, used up"),
                            ("webhook.test", "a test"),
                        ],
                        max_length=40,
                        verbose_name="event",
                    ),
                ),
                ("body", models.TextField(verbose_name="content")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="time")),
                (
                    "due_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="next attempt"),
                ),
                (
                    "delivered_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="delivered"),
                ),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("log", models.JSONField(blank=True, default=list)),
                (
                    "conversation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="chatwidget.conversation",
                    ),
                ),
                (
                    "visitor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="chatwidget.visitor",
                    ),
                ),
                (
                    "widget",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="chatwidget.widget",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="chatwidget.webhook",
                        verbose_name="receiver",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice",
                "verbose_name_plural": "notices",
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["due_at", "webhook"], name="cw_notice_due")],
            },
        ),
        migrations.RunPython(add_permissions, migrations.RunPython.noop),
    ]
