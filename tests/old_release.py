"""`python -m tests.old_release`: an empty database as release 0.1.0 left it, with a chat in it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from uuid import UUID

import django

# The last commit of that release.
COMMIT = "00b859b93eb0bd9978ca5e92693f0f939e670ab9"
LAST = ("chatwidget", "0002_appearance")  # of that release's migrations
VISITOR = UUID("019330aa-0000-7000-8000-00000000000a")
CONVERSATION = UUID("019330aa-0000-7000-8000-00000000000b")
TEXTS = ("Ahoy, and welcome!", "Have you lamps?", "Yes: **the Aurora**.", "And kettles?", "")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from chatwidget import encryption
    from chatwidget.conf import Secret

    executor = MigrationExecutor(connection)
    others = [key for key in executor.loader.graph.leaf_nodes() if key[0] != "chatwidget"]
    executor.migrate([*others, LAST])
    models = executor.loader.project_state([*others, LAST]).apps
    widget = models.get_model("chatwidget", "Widget").objects.create(
        slug="demo",
        title="The Shop",
        encrypted_key=encryption.encrypt(Secret("sk-of-0.1.0")),
        appearance={"color": "#1f6f6b", "suggestions": ["Lamps?"], "sound": True},
        greeting=TEXTS[0],
    )
    visitor = models.get_model("chatwidget", "Visitor").objects.create(
        id=VISITOR, widget=widget, name="Zoë", email="zoe@example.com"
    )
    conversation = models.get_model("chatwidget", "Conversation").objects.create(
        id=CONVERSATION,
        widget=widget,
        visitor=visitor,
        page_url="https://shop.example/",
        last_seq=len(TEXTS),
        revision=7,
    )
    message = models.get_model("chatwidget", "Message")
    for seq, text in enumerate(TEXTS, 1):
        message.objects.create(
            id=UUID(int=CONVERSATION.int + seq),
            conversation=conversation,
            visitor=visitor,
            seq=seq,
            role="assistant" if seq % 2 else "user",
            text=text,
            status="complete" if text else "failed",
            error_code="" if text else "provider_timeout",
            client_id=None if seq % 2 else UUID(int=seq),
            created_at=NOON,
            rating=1 if seq == 3 else 0,
        )


if __name__ == "__main__":
    main()
