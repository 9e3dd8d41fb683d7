"""What a platform sends besides the text: a rich element, its ids, and what is for the owner alone.

The text stands without any of it. So what cannot be kept is left out, and the owner reads why in
the message's metadata.
"""

from __future__ import annotations

import re
from typing import Any

from chatwidget.errors import PlatformRejected
from chatwidget.providers.base import AgentProfile, Finished, Greeting
from chatwidget.providers.decoders import excerpt, plain
from chatwidget.providers.scrubbing import Scrubber
from chatwidget.text import storable

# Code points of a platform's id of its message, as the transcript keeps it.
MAX_MESSAGE_ID = 200
# A card is some three objects deep and has some six fields. What is deeper or larger is no element
# that anybody draws, and costs whoever opens its transcript.
MAX_DEPTH = 16
MAX_VALUES = 2000
# How many addresses that were left out the owner reads of.
MAX_TOLD = 20

# The only addresses that go to a browser.
SCHEMES = ("http", "https", "mailto", "tel")
# As browsers read an address: they skip blanks and controls before it, and line breaks within.
_SKIPPED = re.compile(r"\A[\x00-\x20]+|[\t\n\r]+")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_ADDRESS = re.compile(r"ur[il]|href|link|src|image|img|icon|picture|photo|avatar|logo|action", re.I)
# After these a blank does not make a text of it, as it does of "Data: 5 GB".
_SCRIPTS = ("javascript", "vbscript")


def fit(told: Finished, scrubber: Scrubber, notes: dict[str, Any]) -> Finished:
    """What of it can be stored, and shown; `notes` are for the owner, too."""
    metadata: dict[str, Any] = {}
    ui = None
    try:
        metadata = _bounded(plain(told.metadata))
    except PlatformRejected as error:
        notes["ignored"] = error.cause
    if told.ui is not None:
        try:
            ui = _element(told.ui, notes)
        except PlatformRejected as error:
            notes["ui_ignored"] = error.cause
    return Finished(
        scrubber.clean_value(ui),
        scrubber.clean(storable(told.message_id))[:MAX_MESSAGE_ID],
        scrubber.clean_value(metadata | notes),
    )


def fit_profile(told: AgentProfile, scrubber: Scrubber) -> AgentProfile:
    """The same for what a platform says of its agent."""
    greeting = told.greeting
    if greeting is not None:
        session = "" if scrubber.holds(greeting.session) else greeting.session
        greeting = Greeting(scrubber.clean_value(greeting.text), session)
    defaults = scrubber.clean_value(told.defaults)
    return AgentProfile(greeting, told.max_length, told.asks_email, defaults)


def _element(told: dict[str, Any], notes: dict[str, Any]) -> dict[str, Any]:
    ui = _bounded(plain(told))
    if not isinstance(ui.get("type"), str):
        raise PlatformRejected(f"it has no type: {excerpt(str(ui))}")
    left_out: list[str] = []
    ui = dict(_without_addresses(ui, "", "ui", left_out))
    if left_out:
        notes["addresses_left_out"] = left_out[:MAX_TOLD]
    return ui


def _bounded(value: dict[str, Any]) -> dict[str, Any]:
    """The value. Raises PlatformRejected for one that is too deep, or holds too much."""
    level: list[Any] = [value]
    values = 0
    for _ in range(MAX_DEPTH):
        values += len(level)
        level = [
            each
            for holder in level
            if isinstance(holder, dict | list)
            for each in (holder.values() if isinstance(holder, dict) else holder)
        ]
        if not level:
            return value
        if values + len(level) > MAX_VALUES:
            raise PlatformRejected(f"it holds more than {MAX_VALUES} values")
    if any(isinstance(each, dict | list) for each in level):
        raise PlatformRejected(f"it is more than {MAX_DEPTH} deep")
    return value


def _without_addresses(value: Any, name: str, path: str, left_out: list[str]) -> Any:
    """A rich element without the addresses that browsers are not to get; `name` is its field's."""

    fields: list[tuple[Any, str, str, Any]]
    if isinstance(value, dict):
        fields = [(key, key, f"{path}.{excerpt(key, 40)}", each) for key, each in value.items()]
    elif isinstance(value, list):
        fields = [(place, name, f"{path}[{place}]", each) for place, each in enumerate(value)]
    else:
        return value
    kept = {}
    for key, named, place, each in fields:
        if isinstance(each, str) and not is_harmless(each, address=bool(_ADDRESS.search(named))):
            left_out.append(f"{place}: {excerpt(each)}")
        else:
            kept[key] = _without_addresses(each, named, place, left_out)
    return kept if isinstance(value, dict) else list(kept.values())


def is_harmless(text: str, *, address: bool = False) -> bool:
    """Is this no address, or one of SCHEMES? In a field for an address, any scheme is one's."""
    found = _SCHEME.match(_SKIPPED.sub("", text))
    if found is None or found[1].lower() in SCHEMES:
        return True
    is_text = text.partition(":")[2][:1].isspace() and found[1].lower() not in _SCRIPTS
    return is_text and not address
