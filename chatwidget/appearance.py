"""How a widget looks and behaves on the page: what `Widget.appearance` holds, typed.

All of it is public: it is sent to every visitor.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Asked = Literal["no", "optional", "required"]
Colour = Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-fA-F]{6}$")]
Url = Annotated[str, msgspec.Meta(pattern=r"^(https://[^\s\"'<>]+|/[^\s\"'<>]*)?$", max_length=500)]
Text = Annotated[str, msgspec.Meta(max_length=500)]


class Appearance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Appearance and manners; lengths in CSS pixels, delays in seconds."""

    color: Colour = "#2563eb"
    theme: Literal["auto", "light", "dark"] = "auto"
    position: Literal["right", "left"] = "right"
    offset_x: Annotated[int, msgspec.Meta(ge=0, le=400)] = 20
    offset_y: Annotated[int, msgspec.Meta(ge=0, le=400)] = 20
    radius: Annotated[int, msgspec.Meta(ge=0, le=32)] = 16
    font: Annotated[str, msgspec.Meta(pattern=r"^[\w\s,\"'-]*$", max_length=200)] = ""
    icon: Url = ""
    logo: Url = ""
    subtitle: Text = ""
    language: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z-]*$", max_length=16)] = ""
    suggestions: Annotated[tuple[Text, ...], msgspec.Meta(max_length=12)] = ()
    teaser: Text = ""
    teaser_delay: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 5
    sound: bool = False
    ask_name: Asked = "no"
    ask_email: Asked = "no"
    consent: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    consent_version: Annotated[str, msgspec.Meta(max_length=32)] = "1"


def read_appearance(stored: dict[str, Any]) -> Appearance:
    """The stored dict as a Look. Raises msgspec.ValidationError, which names the field."""
    return msgspec.convert(stored, Appearance)


def store_appearance(appearance: Appearance) -> dict[str, Any]:
    """The dict to store: only what differs from the defaults."""
    stored: dict[str, Any] = msgspec.to_builtins(appearance)
    return stored
