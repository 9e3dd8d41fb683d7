"""The admin's login, with a bound on guesses: each costs the server a second of its processor."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from limits import RateLimitItem, parse_many
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
    """Counts what failed, and looks at no password where too much has. Who knows theirs may log in
    as often as they like; without limits nothing is counted."""

    def clean(self) -> dict[str, Any]:
        address = client_address(scope_of(self.request)) if self.request else ""
        asked = [(PER_ADDRESS, "address", address)]
        if name := self.cleaned_data.get("username", ""):
            asked.append((PER_NAME, "name", name.lower()))
        if conf().limits is None:
            return super().clean()
        if not all(_each("test", *each) for each in asked):
            raise ValidationError(_("Too many attempts. Please try again later."), code="throttled")
        try:
            return super().clean()
        except ValidationError:
            for each in asked:
                _each("hit", *each)
            raise


def _each(verb: str, rates: list[RateLimitItem], kind: str, who: str) -> bool:
    """Test or hit all rates of a rule; whether each has room for it."""
    try:
        return _all(conf().LIMITS_STORAGE, verb, rates, kind, who)
    except Exception:  # whatever the storage's driver raises: each process counts by itself
        return _all("memory://", verb, rates, kind, who)


def _all(uri: str, verb: str, rates: list[RateLimitItem], kind: str, who: str) -> bool:
    ask = getattr(_limiter(uri), verb)
    found = [ask(rate, "login", kind, who) for rate in rates]  # each of them counts
    return all(found)
