"""Which adapters there are, and an adapter made from a widget's configuration."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from importlib.metadata import entry_points
from urllib.parse import urlsplit

from django.utils.module_loading import import_string

from chatwidget.conf import ProviderConfig, conf
from chatwidget.errors import PlatformMisconfigured
from chatwidget.providers.base import Provider

logger = logging.getLogger("chatwidget")

# urlsplit drops some of these without a word, and keeps the others.
_NO_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f{}<>\"\\^`|]")
# Packages name adapters in this group.
ENTRY_POINTS = "chatwidget.providers"
BUILT_IN = {
    "demo": "chatwidget.providers.demo.Demo",
    "eigi": "chatwidget.providers.eigi.Eigi",
    "fifthelement": "chatwidget.providers.fifthelement.FifthElement",
    "vindex": "chatwidget.providers.vindex.Vindex",
    "agentix": "chatwidget.providers.agentix.Agentix",
    "openai": "chatwidget.providers.openai.OpenAI",
    "generic": "chatwidget.providers.generic.Generic",
}


@lru_cache(maxsize=1)
def _classes(extra: tuple[tuple[str, str], ...]) -> dict[str, type[Provider]]:
    found = _installed()
    for name, path in (*BUILT_IN.items(), *extra):
        try:
            found[name] = import_string(path)
        except ImportError as error:
            raise PlatformMisconfigured(
                f"provider {name!r}: cannot import {path!r}: {error}"
            ) from error
    return found


def _installed() -> dict[str, type[Provider]]:
    """The adapters that installed packages offer; a broken one must not cost the others."""
    found = {}
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            found[entry.name] = entry.load()
        except Exception:
            logger.exception("the adapter %s of %s cannot be imported", entry.name, entry.dist)
    return found


def providers() -> dict[str, type[Provider]]:
    """Every adapter by its name. Raises PlatformMisconfigured: a path cannot be imported."""
    return _classes(tuple(conf().PROVIDERS.items()))


def longest_message(platform: type[Provider] | None, agents: int | None = None) -> int:
    """Code points of one message: the lowest of our limit, the platform's and its agent's own."""
    limits = (conf().MAX_MESSAGE_LENGTH, platform.max_length if platform else None, agents)
    return min(limit for limit in limits if limit)


def make_provider(config: ProviderConfig) -> Provider:
    """The adapter for a configuration. Raises PlatformMisconfigured, saying what is missing."""
    cls = providers().get(config.provider)
    if cls is None:
        raise PlatformMisconfigured(f"no provider is named {config.provider!r}")
    for problem in config_problems(cls, config):
        raise PlatformMisconfigured(problem)
    return cls(config)


def config_problems(cls: type[Provider], config: ProviderConfig) -> list[str]:
    """What keeps this configuration from working, one sentence each; an empty list: nothing."""
    problems = []
    asked = cls.asks_for(config.options)
    if asked["key"] == "required" and not config.key:
        problems.append(f"{cls.label} needs an API key")
    if asked["agent"] == "required" and not config.agent:
        problems.append(f"{cls.label} needs an agent")
    if asked["base_url"] == "required" and not config.base_url:
        problems.append(f"{cls.label} has no default base URL: each customer has its own")
    if asked["base_url"] != "no" and config.base_url:
        problems.extend(base_url_problems(config.base_url))
    for name, value in config.options.items():
        kind = cls.options.get(name)
        if kind is None:
            known = ", ".join(sorted(cls.options)) or "none"
            problems.append(f"{cls.label} has no option {name!r} (it has: {known})")
        elif type(value) is not kind:
            problems.append(f"option {name!r} must be of type {kind.__name__}")
        elif name in cls.choices and value not in cls.choices[name]:
            known = ", ".join(cls.choices[name])
            problems.append(f"option {name!r} must be one of: {known}")
        else:
            problems.extend(cls.option_problems(name, value))
    return problems + cls.problems(config)


def base_url_problems(url: str) -> list[str]:
    """Why this base URL cannot be used. Names are resolved, and refused, when connecting."""
    if odd := _NO_ADDRESS.search(url):
        return [f"the base URL {url!r} holds {odd[0]!r}, which no address does"]
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return [f"the base URL {url!r} is not a URL: {error}"]
    if parts.scheme not in ("http", "https") or not host:
        return [f"the base URL {url!r} must begin with https:// and name a host"]
    if port == 0 or not all(host.removesuffix(".").split(".")):
        return [f"the base URL {url!r} names no host, or port, that there can be"]
    if parts.query or parts.fragment or parts.username or parts.password:
        return ["the base URL must not hold a user, a password, a query or a fragment"]
    if parts.scheme == "http" and not conf().allow_private_providers:
        return ["the base URL must be https (or set CHATWIDGET_ALLOW_PRIVATE_PROVIDERS)"]
    return []
