"""How a widget looks and behaves on the page: what `Widget.appearance` holds, typed.

Each option is declared once, here: its type and bounds, its field in the owner's form, and how it
is sent. Form, validation, preview and sending follow. What a template draws (`appearance.logo`), or
is made of several (the prechat's form), is read where it is drawn. All of it is public.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True, slots=True, eq=False)  # to compare would translate, too early
class Option:
    """What there is to know of an option beside its type."""

    group: Literal["conversation", "before", "look"]  # of the form
    label: Words
    help: Words = ""
    choices: dict[str, Words] = field(default_factory=dict)
    error: Words = ""  # in place of the type's own message
    control: Literal["", "color", "area", "language"] = (
        ""  # of the form, where the type is not enough
    )
    row: int = 0  # neighbours with one number stand in one row
    # Its name in the loader's configuration, where it is sent when not the default.
    loader: str = ""
    frame: str = ""  # its name in the frame's configuration
    style: str = ""  # its custom property in the frame's style sheets; a number is in pixels
    from_page: bool = False  # a data- attribute of the script tag may change it for the frame


def _is(
    group: Literal["conversation", "before", "look"], label: Words, help: Words = "", **more: Any
) -> msgspec.Meta:
    return msgspec.Meta(extra={"option": Option(group, label, help, **more)})


_ASKED: dict[str, Words] = {
    "no": _("no"),
    "optional": _("yes, may be left empty"),
    "required": _("required"),
}
_ADDRESS = _("An https:// address, or a path on this server that begins with /.")
_ADDRESS_ERROR = _("Give an https:// address, or a path that begins with /.")

Asked = Literal["no", "optional", "required"]
Colour = Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-fA-F]{6}$")]
Url = Annotated[str, msgspec.Meta(pattern=r"^(https://[^\s\"'<>]+|/[^\s\"'<>]*)?$", max_length=500)]
Text = Annotated[str, msgspec.Meta(max_length=500)]
Pixels = Annotated[int, msgspec.Meta(ge=0, le=400)]


class Appearance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Lengths are in CSS pixels, delays in seconds."""

    subtitle: Annotated[
        Text,
        _is("conversation", _("Subtitle"), _("Under the title, e.g. “We answer within minutes”.")),
    ] = ""
    language: Annotated[
        str,
        msgspec.Meta(pattern=r"^[A-Za-z-]*$", max_length=16),
        _is("conversation", _("Language"), control="language"),
    ] = ""
    suggestions: Annotated[
        tuple[Text, ...],
        msgspec.Meta(max_length=12),
        _is(
            "conversation",
            _("Suggestions"),
            _("One a line: questions a visitor may send with one click, at most 12."),
            error=_("A suggestion has at most 500 characters."),
            frame="suggestions",
        ),
    ] = ()
    sound: Annotated[
        bool,
        _is("conversation", _("Soft sound"), _("when a reply arrives unseen"), frame="sound"),
    ] = False
    ask_name: Annotated[Asked, _is("before", _("Ask for the name"), choices=_ASKED)] = "no"
    ask_email: Annotated[Asked, _is("before", _("Ask for the e-mail address"), choices=_ASKED)] = (
        "no"
    )
    consent: Annotated[
        str,
        msgspec.Meta(max_length=2000),
        _is(
            "before",
            _("Consent"),
            _("What a visitor agrees to before the first message. Empty: not asked."),
            control="area",
        ),
    ] = ""
    consent_version: Annotated[
        str,
        msgspec.Meta(max_length=32),
        _is(
            "before",
            _("Version of the consent"),
            _("With another version, everybody is asked again."),
        ),
    ] = "1"
    color: Annotated[
        Colour,
        _is(
            "look",
            _("Colour"),
            _("Where text on it would be hard to read, the text is adapted."),
            error=_("Give a colour like #2563eb."),
            control="color",
            loader="color",
            from_page=True,
        ),
    ] = "#2563eb"
    theme: Annotated[
        Literal["auto", "light", "dark"],
        _is(
            "look",
            _("Theme"),
            choices={"auto": _("the visitor's own"), "light": _("light"), "dark": _("dark")},
            row=1,
            frame="theme",
            from_page=True,
        ),
    ] = "auto"
    position: Annotated[
        Literal["right", "left"],
        _is(
            "look",
            _("Position"),
            choices={"right": _("right"), "left": _("left")},
            row=1,
            loader="position",
        ),
    ] = "right"
    offset_x: Annotated[Pixels, _is("look", _("From the side"), _("pixels"), row=2, loader="x")] = (
        20
    )
    offset_y: Annotated[Pixels, _is("look", _("From below"), _("pixels"), row=2, loader="y")] = 20
    radius: Annotated[
        int,
        msgspec.Meta(ge=0, le=32),
        _is("look", _("Roundness"), _("pixels"), loader="radius", from_page=True),
    ] = 16
    font: Annotated[
        str,
        msgspec.Meta(pattern=r"^[\w\s,\"'-]*$", max_length=200),
        _is(
            "look",
            _("Font"),
            _("Names as in CSS, e.g. Georgia, serif. Empty: the system's."),
            error=_(
                "Give names of fonts with commas between them; quotes may stand around a name."
            ),
            style="--font",
            from_page=True,
        ),
    ] = ""
    icon: Annotated[
        Url,
        _is(
            "look",
            _("Icon of the button"),
            format_lazy("{} {}", _ADDRESS, _("Empty: a speech bubble.")),
            error=_ADDRESS_ERROR,
        ),
    ] = ""
    logo: Annotated[Url, _is("look", _("Logo in the header"), _ADDRESS, error=_ADDRESS_ERROR)] = ""
    teaser: Annotated[
        Text, _is("look", _("Teaser"), _("A bubble beside the closed button. Empty: none."))
    ] = ""
    teaser_delay: Annotated[
        int,
        msgspec.Meta(ge=0, le=3600),
        _is("look", _("Teaser after"), _("seconds on the page")),
    ] = 5


def _option(kind: msgspec.inspect.Type) -> Option:
    assert isinstance(kind, msgspec.inspect.Metadata) and kind.extra, kind
    found: Option = kind.extra["option"]
    assert not (found.style and isinstance(kind.type, msgspec.inspect.BoolType)), "no CSS value"
    return found


_FIELDS = msgspec.inspect.type_info(Appearance).fields  # type: ignore[attr-defined]
OPTIONS: dict[str, Option] = {each.name: _option(each.type) for each in _FIELDS}
FROM_PAGE = [name for name, option in OPTIONS.items() if option.from_page]
# Each option's type, as msgspec describes it: with its bounds, without what `Option` holds.
TYPES: dict[str, msgspec.inspect.Type] = {each.name: each.type.type for each in _FIELDS}


def read_appearance(stored: dict[str, Any]) -> Appearance:
    """The stored dict as an Appearance. Raises msgspec.ValidationError, which names the field."""
    return msgspec.convert(stored, Appearance)


def store_appearance(appearance: Appearance) -> dict[str, Any]:
    """The dict to store: only what differs from the defaults."""
    stored: dict[str, Any] = msgspec.to_builtins(appearance)
    return stored
