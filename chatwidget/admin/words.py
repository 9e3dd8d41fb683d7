"""What happened, in the owner's words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

# By the code that is stored.
CAUSES: dict[str, Any] = {
    "misconfigured": _("The platform refused our settings"),
    "provider_rejected": _("The platform refused the message"),
    "conversation_too_long": _("The conversation was too long"),
    "provider_rate_limited": _("The platform asked for a pause"),
    "provider_unavailable": _("The platform was not there"),
    "provider_timeout": _("The platform was too slow"),
    "interrupted": _("Our server was restarted"),
}
