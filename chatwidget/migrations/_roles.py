"""Groups of staff, made by migrations: which come after this one adds what it brings by `grant`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

READER, AGENT, OWNER = "Chat reader", "Chat agent", "Chat owner"


def grant(apps: Any, schema_editor: Any, roles: Mapping[str, Sequence[str]]) -> None:
    """Give groups these permissions, by codename: `{"Chat agent": ["change_conversation"]}`.

    Django makes permissions once all migrations are through; those that are there it leaves.
    """
    database = schema_editor.connection.alias
    group, permission, content_type = (
        apps.get_model(*name.split(".")).objects.using(database)
        for name in ("auth.Group", "auth.Permission", "contenttypes.ContentType")
    )
    for role, codenames in roles.items():
        members = group.get_or_create(name=role)[0].permissions
        for codename in codenames:
            verb, _, model = codename.partition("_")
            kind = content_type.get_or_create(app_label="chatwidget", model=model)[0]
            label = {"name": f"Can {verb} {model}"}
            members.add(
                permission.get_or_create(content_type=kind, codename=codename, defaults=label)[0]
            )
