from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0016_unanswered"),
    ]

    # Half a second for a million messages. Not the other way round, which would ask PostgreSQL for
    # a stronger lock than it has already given.
    operations = [
        migrations.RemoveIndex(model_name="message", name="cw_message_rated"),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=~Q(rating=0),
                fields=["conversation", "rating"],
                name="cw_message_rated",
            ),
        ),
    ]
