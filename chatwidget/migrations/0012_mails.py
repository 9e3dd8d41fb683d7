from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0011_retention"),
    ]

    operations = [
        migrations.AddField(
            model_name="webhook",
            name="language",
            field=models.CharField(
                blank=True, db_default="", max_length=10, verbose_name="language of mails"
            ),
        ),
    ]
