from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0013_allowance"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="webhook",
            field=models.ForeignKey(
                null=True,
                on_delete=models.deletion.CASCADE,
                related_name="notices",
                to="chatwidget.webhook",
                verbose_name="receiver",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="mailbox",
            field=models.CharField(blank=True, db_default="", max_length=320),
        ),
        migrations.AddField(
            model_name="notice",
            name="language",
            field=models.CharField(blank=True, db_default="", max_length=10),
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
                    ("visitor.copy", "a visitor's copy of their conversations"),
                    ("webhook.test", "a test"),
                ],
                max_length=40,
                verbose_name="event",
            ),
        ),
    ]
