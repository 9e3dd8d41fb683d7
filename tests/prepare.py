"""Makes a database ready for a server under test: `python -m tests.prepare`."""

from __future__ import annotations

import os

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")


def main() -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    os.environ["DJANGO_SUPERUSER_PASSWORD"] = "admin"
    call_command(
        "createsuperuser", username="admin", email="admin@localhost", interactive=False, verbosity=0
    )
    demo = {"provider": "demo", "title": "Demo", "greeting": "Hello! I am the demo agent."}
    call_command("configure_widget", "demo", verbosity=0, **demo)


if __name__ == "__main__":
    main()
