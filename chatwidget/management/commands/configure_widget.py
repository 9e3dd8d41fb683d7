"""Make a widget, or change one."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from chatwidget.conf import DESCRIBING, Secret
from chatwidget.encryption import is_newest
from chatwidget.errors import PlatformMisconfigured
from chatwidget.management.base import DatabaseCommand
from chatwidget.management.provider_help import KeepsLines, described_providers
from chatwidget.models import Widget
from chatwidget.providers.registry import providers
from chatwidget.widgets import people, protection
from chatwidget.widgets.validation import (
    clean_widget,
    parse_description,
    parse_key,
    parse_option,
    provider_class,
)

PLATFORM_OPTIONS = (
    *("provider", "agent", "base_url", "api_key_env", "api_key_stdin"),
    *("option", "preset", "description"),
)
# What belongs to one platform and must not go to another.
PLATFORM_FIELDS = ("agent", "base_url", "encrypted_key", "options")


class Command(DatabaseCommand):
    help = (
        "Makes the widget SLUG, or changes what is given of it and keeps the rest; run again, it "
        "changes nothing. Another provider forgets the agent, base URL, key and options."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """With all platforms at the end of its help, each with what it takes."""
        facts = {"epilog": described_providers(), "formatter_class": KeepsLines}
        return super().create_parser(prog_name, subcommand, **facts, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG", help="its name in /chatwidget/SLUG.js")
        parser.add_argument(
            "--provider", metavar="NAME", help=f"{', '.join(providers())}; see below"
        )
        parser.add_argument(
            "--agent",
            metavar="ID",
            help="eigi's or agentix's agent id, fifthelement's slug, openai's model, …",
        )
        parser.add_argument(
            "--base-url", metavar="URL", help="instead of the provider's own; '' for that one"
        )
        parser.add_argument(
            "--api-key-env", metavar="VAR", help="take the key from this environment variable"
        )
        parser.add_argument(
            "--api-key-stdin", action="store_true", help="read the key from standard input"
        )
        parser.add_argument(
            "--preset", metavar="NAME", help="generic: how one of these platforms answers"
        )
        parser.add_argument(
            "--description",
            metavar="FILE",
            help="generic: how any platform answers, in JSON; '-' is standard input",
        )
        parser.add_argument(
            "--fallback",
            metavar="SLUG",
            help="the widget whose platform answers while this one's is unavailable; '' for none",
        )
        parser.add_argument("--title", metavar="T")
        parser.add_argument("--greeting", metavar="TEXT")
        for name, what in (
            ("allow-origin", "a site that may embed it, e.g. https://www.example.com"),
            ("image-host", "a host of which images are shown, e.g. cdn.example.com"),
            ("option", "an option of the provider, as KEY=VALUE"),
        ):
            parser.add_argument(
                f"--{name}",
                metavar=what.rpartition(" ")[2] if name == "option" else name.split("-")[1].upper(),
                action="append",
                help=f"{what}; repeat it for several; all given replace all there were, '' is none",
            )

        protection.add_arguments(parser)
        people.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            widget = self._configured(options)
            made = widget.pk is None
            if not made and not _changed(widget):
                self._say(options, f"Widget {widget.slug!r} is as it was.")
                return
            widget.save()
        except ValidationError as error:
            raise CommandError(_one_line(error)) from None
        except PlatformMisconfigured as error:
            raise CommandError(str(error)) from None
        done = "Made" if made else "Changed"
        self._say(options, f"{done} widget {widget.slug!r}: {widget.title} ({widget.provider}).")

    def _say(self, options: dict[str, Any], text: str) -> None:
        if options["verbosity"] > 0:
            self.stdout.write(text)

    def _configured(self, options: dict[str, Any]) -> Widget:
        """The widget as asked for, checked and not saved."""
        slug, name = options["slug"], options["provider"]
        described = _described(options["preset"], options["description"])
        widget = Widget.objects.filter(slug=slug).first() or Widget(slug=slug, provider="")
        if described and not (name or widget.provider):
            name = "generic"
        if not (name or widget.provider):
            raise ValidationError(f"There is no widget {slug!r} yet: give it a --provider.")
        if name and name != widget.provider:
            provider_class(name)
            widget.provider = name
            for field in PLATFORM_FIELDS:
                setattr(widget, field, getattr(Widget(), field))
        for field in ("agent", "base_url", "title", "greeting"):
            if options[field] is not None:
                setattr(widget, field, options[field].strip())
        widget.title = widget.title or slug.replace("-", " ").capitalize()
        for option, field in (("allow_origin", "allowed_origins"), ("image_host", "image_hosts")):
            if options[option] is not None:
                setattr(widget, field, [given for given in options[option] if given.strip()])
        if options["option"] is not None:
            cls = provider_class(widget.provider)
            given = [text for text in options["option"] if text.strip()]
            kept = {name: widget.options[name] for name in DESCRIBING if name in widget.options}
            widget.options = kept | dict(parse_option(cls, text) for text in given)
        if described:
            cls = provider_class(widget.provider)
            if not described.keys() <= cls.options.keys():
                raise ValidationError(f"{cls.label} takes no preset and no description.")
            kept = {n: each for n, each in widget.options.items() if n not in DESCRIBING}
            widget.options = kept | described
        if options["fallback"] is not None:
            widget.fallback = _fallback(options["fallback"].strip())
        protection.protect(widget, options)
        people.staff(widget, options)
        _set_key(widget, _read_key(options["api_key_env"], options["api_key_stdin"]))
        clean_widget(widget, platform=widget.pk is None or _about_platform(options))
        return widget


def _about_platform(options: dict[str, Any]) -> bool:
    """Is the platform, or that it is asked again, among what is given? What it lacks must not keep
    anybody from switching its widget off, say."""
    return bool(options["active"]) or any(
        options[name] not in (None, False) for name in PLATFORM_OPTIONS
    )


def _fallback(slug: str) -> Widget | None:
    if not slug:
        return None
    found = Widget.objects.filter(slug=slug).first()
    if found is None:
        raise ValidationError(f"There is no widget {slug!r} to fall back to.")
    return found


def _described(preset: str | None, file: str | None) -> dict[str, Any]:
    """The options that say which platform it is; empty where neither is given."""
    if preset is not None and file is not None:
        raise ValidationError("Give --preset or --description, not both.")
    if preset is not None:
        return {"preset": preset.strip()}
    if file is None:
        return {}
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ValidationError(f"The description cannot be read: {error}") from None
    return {"description": parse_description(text)}


def _read_key(variable: str | None, stdin: bool) -> Secret:
    """The key, from where it is said to be; empty: none is given."""
    if variable is not None and stdin:
        raise ValidationError("Give --api-key-env or --api-key-stdin, not both.")
    if stdin:
        typed = getpass("API key: ") if sys.stdin.isatty() else sys.stdin.readline()
        return parse_key(Secret(typed))
    if variable is None:
        return Secret()
    if not os.environ.get(variable, "").strip():
        raise ValidationError(f"The environment variable {variable} is not set, or empty.")
    return parse_key(Secret(os.environ[variable]))


def _set_key(widget: Widget, key: Secret) -> None:
    """Stores a key. The same one again leaves what is stored, which differs at each encryption,
    unless the secret it was encrypted with is not the newest any more."""
    same = widget.known_key == key and is_newest(widget.encrypted_key)
    if key and not same:
        widget.key = key


def _changed(widget: Widget) -> bool:
    stored = Widget.objects.get(pk=widget.pk)
    fields = [field.attname for field in Widget._meta.concrete_fields]
    return any(getattr(stored, name) != getattr(widget, name) for name in fields)


def _one_line(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return "; ".join(error.messages)
    return "; ".join(
        message if field == "__all__" else f"{field.replace('_', ' ')}: {message}"
        for field, messages in error.message_dict.items()
        for message in messages
    )
