"""The descriptions that come with the package, a file each, with the version they were tried on."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A platform's description, and what an owner should know of it."""

    title: str
    tried: str  # the platform's version, and how
    description: dict[str, Any]
    base_url: str = ""  # of a platform that has one for all
    agent: str = ""  # what its agent is called there
    key: str = ""  # what goes in as the key
    needs_key: bool = False
    notes: str = ""


@lru_cache(maxsize=1)
def _read() -> dict[str, Preset]:
    found = sorted(
        (entry.name.removesuffix(".json"), entry.read_bytes())
        for entry in files(__package__).iterdir()
        if entry.name.endswith(".json")
    )
    return {name: msgspec.json.decode(data, type=Preset) for name, data in found}


PRESETS = _read()
