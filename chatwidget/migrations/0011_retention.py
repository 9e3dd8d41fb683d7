import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0010_handover"),
    ]

    operations = [
        migrations.AddField(
            model_name="usage",
            name="erased",
            field=models.PositiveBigIntegerField(db_default=0, default=0, verbose_name="erased"),
        ),
        migrations.AddField(
            model_name="widget",
            name="keep_days",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="Since their last message; then the server erases them. 0: for ever.",
                validators=[django.core.validators.MaxValueValidator(36500)],
                verbose_name="days that conversations are kept",
            ),
        ),
    ]
