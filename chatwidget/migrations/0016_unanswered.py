from typing import Any

from django.db import migrations, models
from django.db.models import Q, TextField
from django.db.models.functions import Cast


def mark(apps: Any, schema_editor: Any) -> None:
    """What is counted already: few rows are written, by one statement."""
    rows = apps.get_model("chatwidget", "Counted").objects.using(schema_editor.connection.alias)
    counts = Cast("counts", TextField())
    rows.annotate(told=counts).filter(told__contains=' no_answer"').update(unanswered=True)


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0015_digests"),
    ]

    # A worker of the release before, which does not know the column, leaves it at False: what that
    # has counted meanwhile is not in the list until it is counted anew.
    operations = [
        migrations.AddField(
            model_name="counted",
            name="unanswered",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddIndex(
            model_name="counted",
            index=models.Index(
                condition=Q(unanswered=True), fields=["conversation"], name="cw_counted_unanswered"
            ),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
