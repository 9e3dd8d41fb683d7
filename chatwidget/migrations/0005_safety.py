import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0004_message_revision"),
    ]

    operations = [
        migrations.AddField(
            model_name="visitor",
            name="blocked_at",
            field=models.DateTimeField(
                blank=True, db_index=True, null=True, verbose_name="blocked"
            ),
        ),
        migrations.AddField(
            model_name="visitor",
            name="earlier_emails",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=4000
            ),
        ),
        migrations.AddField(
            model_name="visitor",
            name="email_verified",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="widget",
            name="budgets",
            field=models.JSONField(blank=True, default=dict, verbose_name="budgets"),
        ),
        migrations.AddField(
            model_name="widget",
            name="encrypted_identity_secret",
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name="widget",
            name="require_identity",
            field=models.BooleanField(default=False, verbose_name="identity required"),
        ),
        migrations.CreateModel(
            name="Usage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                ("messages", models.PositiveBigIntegerField(default=0, verbose_name="messages")),
                (
                    "characters",
                    models.PositiveBigIntegerField(default=0, verbose_name="characters"),
                ),
                ("seconds", models.PositiveBigIntegerField(default=0, verbose_name="seconds")),
                ("greetings", models.PositiveBigIntegerField(default=0, verbose_name="greetings")),
                (
                    "widget",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="usage",
                        to="chatwidget.widget",
                    ),
                ),
            ],
            options={
                "verbose_name": "usage",
                "verbose_name_plural": "usage",
                "constraints": [
                    models.UniqueConstraint(fields=("widget", "day"), name="cw_usage_day")
                ],
            },
        ),
    ]
