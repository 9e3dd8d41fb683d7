"""The embedding page's address as it is kept, exported and sent to platforms: no secret in it."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from chatwidget.conf import conf
from chatwidget.text import cleaned

# Parameters that commonly hold what opens an account, or says whose it is; parts of names count.
SECRET = re.compile(
    r"auth|code|confirm|cred|csrf|e?mail|hash|invit|jwt|(?:^|[_-]|api)key$|magic|nonce|otp|pass|phone|pin$|pwd|"
    r"reset|saml|secret|sess|^s?sid$|^sig|signature|state|ticket|tok|uid|user|verif",
    re.IGNORECASE,
)
# And values that look like one whatever their name: an address, or a long mixture.
SECRET_VALUE = re.compile(r"@|^(?=.*\d)(?=.*[a-z])[\w.~+/=-]{16,}$|^.{64,}$", re.IGNORECASE | re.S)

# Segments of a path that are secrets themselves, as Django and others mail them: an address, the
# digest within a link, a long mixture of large letters, small letters and digits.
SECRET_SEGMENT = re.compile(
    r"[^@]@[^@]|[0-9a-f]{32}|^(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[\w.~+=:-]{20,}$"
)


def page_address(url: str | None, limit: int = 2000) -> str:
    """The address without fragment, password and secrets in its path, and of its query what
    `PAGE_QUERY` keeps."""
    address = cleaned(url, 10 * limit).partition("#")[0]
    try:
        user = urlsplit(address).netloc.rpartition("@")[0]
    except ValueError:  # no address at all
        return address.partition("?")[0][:limit]
    if user:
        address = address.replace(f"{user}@", "", 1)
    path, _, query = address.partition("?")
    host = path.find("/", path.find("://") + 3)
    if host >= 0:
        segments = (each.partition(";")[0] for each in path[host:].split("/"))
        safe = ("…" if SECRET_SEGMENT.search(unquote(each)) else each for each in segments)
        path = path[:host] + "/".join(safe)
    kept = conf().PAGE_QUERY
    if kept != "all":
        parts = re.split("[&;]", query) if kept == "safe" else []
        query = "&".join(part for part in parts if part and not _is_secret(part))
    return (f"{path}?{query}" if query else path)[:limit]


def _is_secret(parameter: str) -> bool:
    name, _, value = map(unquote, parameter.partition("="))
    # An address to go back to may have secrets of its own.
    inner = re.split("[?&#]", value)[1:]
    return bool(SECRET.search(name) or SECRET_VALUE.search(value) or any(map(_is_secret, inner)))
