from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatwidget", "0012_mails"),
    ]

    operations = [
        migrations.CreateModel(
            name="Allowance",
            fields=[
                (
                    "solution",
                    models.CharField(max_length=64, primary_key=True, serialize=False),
                ),
                ("who", models.CharField(max_length=64)),
                ("left", models.PositiveIntegerField()),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["who", "expires_at"], name="cw_allowance_who")],
            },
        ),
    ]
