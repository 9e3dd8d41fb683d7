"""Checking what an owner says of a webhook, for the admin and the command."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from chatwidget.conf import Secret, conf
from chatwidget.models import Event
from chatwidget.widgets.validation import is_private

# What a receiver may ask for; the others somebody else asks for.
ASKED_FOR = (Event.TEST, Event.CONVERSATION_MAILED, Event.OWN_COPY)
EVENTS = [event for event in Event if event not in ASKED_FOR]


def parse_admin_url(text: str) -> str:
    """Where the admin is, with a slash at its end; empty for nowhere."""
    url = text.strip()
    if url and (urlsplit(url).scheme not in ("http", "https") or len(url) > 300):
        raise ValidationError(_("The address must begin with https:// and name a host."))
    return f"{url.rstrip('/')}/" if url else ""


def parse_webhook_url(text: str) -> str:
    """A receiver's address; a private one only where platforms may have one, too. Or `mailto:`
    and one mailbox."""
    url = text.strip()
    if url.lower().startswith("mailto:"):
        validate_email(url[7:])
        return f"mailto:{url[7:]}"
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ValidationError(_("That is no address.")) from None
    if parts.scheme not in ("http", "https") or not host or not url.isprintable() or " " in url:
        raise ValidationError(_("The address must begin with https:// and name a host."))
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValidationError(_("The address must not hold a user, a password or a fragment."))
    if not conf().allow_private_providers:
        if parts.scheme == "http":
            raise ValidationError(_("The address must begin with https://."))
        if is_private(host):  # other names are resolved, and refused, when connecting
            raise ValidationError(_("The address is a private one, which is not allowed here."))
    return url


def parse_events(names: list[str]) -> list[str]:
    """Of which events a receiver is told; none is all, those that are added later included."""
    known = {str(event): event for event in EVENTS}
    if unknown := [name for name in names if name not in known]:
        raise ValidationError(
            _("there is no event %(name)s (there are: %(known)s)")
            % {"name": repr(unknown[0]), "known": ", ".join(known)}
        )
    return [name for name in known if name in names]


def parse_mail_language(text: str) -> str:
    """One of those that the site's admin has; empty for its own."""
    code = text.strip().lower().replace("_", "-")
    known = [known for known, _name in settings.LANGUAGES]
    if code and code not in known:
        raise ValidationError(
            _("there is no language %(name)s (there are: %(known)s)")
            % {"name": repr(text), "known": ", ".join(known)}
        )
    return code


@sensitive_variables()
def parse_webhook_secret(given: Secret) -> Secret:
    """A secret as Standard Webhooks writes it: `whsec_`, then base64 of 24 to 64 bytes."""
    text = given.reveal().strip()
    try:
        key = b64decode(text.removeprefix("whsec_"), validate=True)
    except (Error, ValueError):
        key = b""
    if not text.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise ValidationError(_("The secret must be whsec_ and base64 of 24 to 64 bytes."))
    return Secret(text)
