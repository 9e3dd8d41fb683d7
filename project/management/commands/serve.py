"""`make run`: everything a first visit needs, then the server in this process's place."""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.db import connections

from chatwidget.appearance import Appearance, store_appearance
from chatwidget.models import Widget
from project import port
from project.servers import COMMANDS, ENVIRONMENT

GREETING = (
    "Ahoy, and welcome to **Harbour Supply**! I am a demo that needs neither a key nor a network. "
    "Ask me anything, or write **help** to see what I can show."
)
LOOK = Appearance(
    color="#1f6f6b",  # the shop's own
    subtitle="We answer at once",
    suggestions=("Show me your products", "When are you open? A table, please", "help"),
)


class Command(BaseCommand):
    help = "Migrates, makes the demo widget and a local admin user, and serves on HOST and PORT."

    requires_system_checks = ()  # what they look for is only made here

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--server", choices=sorted(COMMANDS), default="daphne")

    def handle(self, *args: Any, **options: Any) -> None:
        if problem := port.problem(settings.HOST, settings.PORT):
            raise CommandError(problem)
        self.stdout.write("Bringing the database up to date…")
        call_command("migrate", verbosity=0, interactive=False)
        if not settings.DEBUG:
            self.stdout.write("Collecting static files…")
            call_command("collectstatic", verbosity=0, interactive=False)
        if not Widget.objects.filter(slug="demo").exists():
            arguments = {"provider": "demo", "title": "Harbour Supply", "greeting": GREETING}
            call_command("configure_widget", "demo", verbosity=0, **arguments)
            Widget.objects.filter(slug="demo").update(appearance=store_appearance(LOOK))
        self.check()
        self.announce(login())
        connections.close_all()
        command = COMMANDS[options["server"]](settings.HOST, settings.PORT)
        sys.stdout.flush()
        # Not a child: signals meant for the server must reach it.
        os.execve(command[0], command, {**ENVIRONMENT, **os.environ})

    def announce(self, login: str) -> None:
        host = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
        here = f"http://{host}:{settings.PORT}"
        self.stdout.write(
            f"\n  Demo shop   {here}/"
            f"\n  Admin       {here}/admin/   login: {login}"
            "\n\n  Next, in a second terminal:"
            "\n  source .venv/bin/activate"
            f"\n  python manage.py chatwidget_doctor {here}"
            "\n  python manage.py configure_widget help --provider …   # README: your platform"
            "\n\n  On any page of yours:"
            f'\n  <script src="{here}/chatwidget/demo.js" async></script>\n'
        )


def login() -> str:
    """The local admin user's name and password; made when there is no admin user yet.

    The password is derived from SECRET_KEY: as random as that, the same at every start, and stored
    nowhere but hashed.
    """
    users = get_user_model()
    password = hmac.new(settings.SECRET_KEY.encode(), b"local admin", hashlib.sha256).hexdigest()[
        :16
    ]
    user = users.objects.filter(username="admin").first()
    if user is None:
        user = users.objects.create_superuser("admin", "admin@localhost", password)
    return f"admin / {password if user.check_password(password) else '(the password you set)'}"
