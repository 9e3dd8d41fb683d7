"""The admin's login, with a bound on guesses: each costs the server a second of its processor."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from limits import parse_many
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from chatwidget.conf import conf
from chatwidget.sockets.origin import client_address
from project.protection import scope_of

PER_ADDRESS = parse_many("10/minute;100/day")
PER_NAME = parse_many("20/hour;100/day")


@lru_cache(maxsize=2)
def _limiter(uri: str) -> SlidingWindowCounterRateLimiter:
    return SlidingWindowCounterRateLimiter(storage_from_string(uri))


class LoginForm(AdminAuthenticationForm):
    """Counts a try before the password is looked at; also a right one, which says nothing then."""

    def clean(self) -> dict[str, Any]:
        address = client_address(scope_of(self.request)) if self.request else ""
        name = self.cleaned_data.get("username", "")
        if not _allowed("address", address) or not _allowed("name", name):
            raise ValidationError(_("Too many attempts. Please try again later."), code="throttled")
        return super().clean()


def _allowed(kind: str, who: str) -> bool:
    uri = conf().LIMITS_STORAGE
    rates = PER_ADDRESS if kind == "address" else PER_NAME
    try:
        return all(_limiter(uri).hit(rate, "login", kind, who.lower()) for rate in rates)
    except Exception:  # whatever the storage's driver raises: each process counts by itself
        return all(_limiter("memory://").hit(rate, "login", kind, who.lower()) for rate in rates)
