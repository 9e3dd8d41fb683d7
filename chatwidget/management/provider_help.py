"""What `--help` says of the platforms, read from their adapters."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from textwrap import TextWrapper, fill
from typing import Any

from django.core.management.base import DjangoHelpFormatter

from chatwidget.conf import DESCRIBING
from chatwidget.providers.base import Provider
from chatwidget.providers.generic.presets import PRESETS
from chatwidget.providers.registry import providers

WIDTH = 78
_TYPES = {str: "TEXT", bool: "true|false", int: "N", float: "N.N"}


class KeepsLines(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Wraps the description, and leaves the lines of the rest as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else fill(text, width, initial_indent=indent)


def described_providers() -> str:
    """Every platform with what it takes, a few lines each."""
    lines = ["providers:"]
    for name, cls in providers().items():
        lines.append(f"  {name}: {cls.label}")
        lines += _wrapped(_needs(cls))
        for option, kind in cls.options.items():
            if option not in DESCRIBING:  # which have arguments of their own
                values = "|".join(cls.choices.get(option, ())) or _TYPES.get(kind, kind.__name__)
                lines.append(f"    --option {option}={values}")
    lines += ["", "presets of generic (--preset):"]
    lines += _wrapped(", ".join(sorted(PRESETS)), "  ")
    lines += ["", "A key is never an argument: --api-key-env VAR, or --api-key-stdin."]
    return "\n".join(lines)


def _needs(cls: type[Provider]) -> str:
    asked: dict[str, Any] = cls.asks_for({})
    names = {"agent": "--agent", "base_url": "--base-url", "key": "a key"}
    needs = [name for field, name in names.items() if asked[field] == "required"]
    takes = [name for field, name in names.items() if asked[field] == "optional"]
    parts = [f"needs {', '.join(needs)}" if needs else "needs nothing"]
    if takes:
        parts.append(f"takes {', '.join(takes)}")
    if cls.default_base_url:
        parts.append(f"base URL {cls.default_base_url} unless given")
    return "; ".join(parts)


def _wrapped(text: str, indent: str = "    ") -> list[str]:
    return TextWrapper(
        WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    ).wrap(text)
