"""What is kept of a widget's visitors, by its settings as they are: for the owner's own notice."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chatwidget.conf import conf
from chatwidget.models import Webhook, Widget
from chatwidget.notices.queue import KEPT
from chatwidget.providers.registry import providers
from chatwidget.transcripts.retention import erased_so_far, overdue


def facts(widget: Widget) -> list[tuple[str, str]]:
    """Each a heading and a sentence or two, in the reader's language."""
    found = [
        (
            _("What visitors write"),
            _(
                "Their messages, the agent's replies, ratings and comments, with the times of "
                "each; what staff note about a conversation."
            ),
        ),
        (
            _("What is known of them"),
            _(
                "Name, e-mail address and consent where they give them or your site passes them; "
                "your site's id of those for whom it vouches; language and browser."
            ),
        ),
        (_("The page"), _page()),
        (
            _("Not kept"),
            _(
                "No cookie is set, and the IP address is in no table: it is counted in memory, "
                "against floods, and is in the server's log as the server is set up."
            ),
        ),
        (
            _("In the browser"),
            _(
                "A random token by which a visitor finds their conversation again, for %(days)s "
                "days since it was last used; an unsent draft."
            )
            % {"days": conf().VISITOR_DAYS},
        ),
        (_("How long"), _how_long(widget)),
        (_("Who is sent what visitors write"), _receivers(widget)),
        (_("By the visitor"), _by_the_visitor(widget)),
        (
            _("Erasing"),
            _(
                "A conversation, or a person with everything, from their transcript; or by "
                "forget_visitor and purge_transcripts. With them go notes, search entries and "
                "notices. What the platform and the receivers keep is not reached from here."
            ),
        ),
    ]
    return found


def _by_the_visitor(widget: Widget) -> str:
    if not widget.typed_desk.own_data:
        return _("Visitors cannot download or delete it themselves: their button is off.")
    return _(
        "A button in the chat lets visitors download all their conversations, have them mailed to "
        "an address that they give (which is kept until the mail is sent), and erase them."
    )


def _page() -> str:
    kept = {
        "safe": _("without parameters that look like secrets"),
        "none": _("without its parameters"),
        "all": _("with all its parameters"),
    }[conf().PAGE_QUERY]
    return _(
        "Address (%(how)s) and title of the page on which they chat, and the page before it."
    ) % {"how": kept}


def _how_long(widget: Widget) -> str:
    if not widget.keep_days:
        return _("Until somebody erases it: no number of days is set.")
    days = ngettext(
        "%(count)s day after the last message of a conversation; then the server erases it, and "
        "visitors who have no other.",
        "%(count)s days after the last message of a conversation; then the server erases it, and "
        "visitors who have no other.",
        widget.keep_days,
    ) % {"count": widget.keep_days}
    numbers = _("Erased so far: %(erased)s. Due now: %(due)s.") % {
        "erased": erased_so_far(widget),
        "due": overdue(widget).count(),
    }
    return f"{days} {numbers}"


def _receivers(widget: Widget) -> str:
    platform: Any = providers().get(widget.provider)
    address = widget.base_url or getattr(platform, "default_base_url", "") or ""
    names = [f"{platform.label if platform else widget.provider} {urlsplit(address).netloc}"]
    if widget.fallback:
        names.append(f"{widget.fallback.provider} {urlsplit(widget.fallback.base_url).netloc}")
    hooks = Webhook.objects.filter(Q(widget=widget) | Q(widget=None), active=True)
    hosts = sorted({hook.url if hook.is_mail else urlsplit(hook.url).netloc for hook in hooks})
    said = _("The platform that answers: %(names)s.") % {
        "names": ", ".join(name.strip() for name in names)
    }
    if hosts:
        said += " " + _(
            "Webhooks: %(hosts)s; a copy of what they are sent is kept for %(days)s days."
        ) % {"hosts": ", ".join(hosts), "days": KEPT.days}
    return said
