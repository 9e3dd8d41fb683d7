import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0005_safety"),
    ]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="fallback_session",
            field=models.CharField(blank=True, db_default="", editable=False, max_length=1400),
        ),
        migrations.AddField(
            model_name="widget",
            name="fallback",
            field=models.ForeignKey(
                blank=True,
                help_text="The widget whose platform answers while this one's is unavailable.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="chatwidget.widget",
                verbose_name="fallback",
            ),
        ),
    ]
