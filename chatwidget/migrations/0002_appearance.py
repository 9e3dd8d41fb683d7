from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0001_initial"),
    ]

    # The field has another name in Python; the column keeps its own, so that workers of the
    # release before can serve beside this one.
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("widget", "look", "appearance"),
                migrations.AlterField(
                    "widget",
                    "appearance",
                    models.JSONField(
                        blank=True, db_column="look", default=dict, verbose_name="look"
                    ),
                ),
            ]
        ),
    ]
