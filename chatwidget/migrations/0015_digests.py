from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0014_asked_for"),
    ]

    operations = [
        migrations.AddField(
            model_name="webhook",
            name="digest",
            field=models.CharField(
                blank=True,
                choices=[("day", "every day"), ("week", "every Monday")],
                db_default="",
                max_length=4,
                verbose_name="digest",
            ),
        ),
        migrations.AddField(
            model_name="webhook",
            name="digested_until",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="webhook",
            name="site",
            field=models.CharField(blank=True, db_default="", editable=False, max_length=300),
        ),
        migrations.AlterField(
            model_name="notice",
            name="event",
            field=models.CharField(
                choices=[
                    ("conversation.started", "a conversation began"),
                    ("conversation.ended", "a conversation was ended"),
                    ("person.requested", "a visitor asked for a person"),
                    ("visitor.email_given", "a visitor gave an e-mail address"),
                    ("reply.failed", "a reply failed"),
                    ("reply.rated", "a reply was rated"),
                    ("budget.warning", "a budget is nearly, or wholly, used up"),
                    ("digest", "a digest of the numbers"),
                    ("conversation.mailed", "a conversation, sent by mail"),
                    ("visitor.copy", "a visitor's copy of their conversations"),
                    ("webhook.test", "a test"),
                ],
                max_length=40,
                verbose_name="event",
            ),
        ),
    ]
