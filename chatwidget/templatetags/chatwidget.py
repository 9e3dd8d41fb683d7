"""`{% load chatwidget %}{% chatwidget "slug" %}`: the script tag, for a Django site's templates.

`{% chatwidget "slug" user=request.user %}` vouches for the site's user, too.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.forms.utils import flatatt
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chatwidget.embed.frame_page import script_json
from chatwidget.tokens import VerifiedIdentity, own_proof

register = template.Library()


# It waits for the tag before it: a page may have several widgets, and the queue is the first one's.
IDENTIFY = """<script{}>document.currentScript.previousElementSibling.addEventListener("load",\
()=>window.ChatWidget?.get?.({})?.identify({}))</script>"""

UNSAID = AnonymousUser()


@register.simple_tag(takes_context=True)
def chatwidget(context: template.Context, slug: str, user: Any = UNSAID, **data: Any) -> SafeString:
    """The tag for a widget; `target="#help"` and the like become data- attributes.

    `user` is whom the site vouches for; nobody signed in ends what the last one had open.
    """
    attributes = {f"data-{name.replace('_', '-')}": str(value) for name, value in data.items()}
    path = reverse("chatwidget:loader", args=[slug])
    if nonce := csp_nonce(context):
        attributes["nonce"] = nonce
    # What it is to stand in may come after the tag: an async script would not wait for that.
    when = "defer" if "target" in data else "async"
    tag = format_html('<script src="{}" {}{}></script>', path, when, flatatt(attributes))
    if user is UNSAID:
        return tag
    own = flatatt({"nonce": nonce} if nonce else {})
    return tag + format_html(IDENTIFY, own, script_json(slug), script_json(identity_of(slug, user)))


def identity_of(slug: str, user: Any) -> dict[str, str] | None:
    """What `identify()` takes, of a user of any model; None where nobody is signed in.

    Django has not checked that an address is the user's own: it is said, not vouched for.
    """
    if not getattr(user, "is_authenticated", False):
        return None
    full_name = getattr(user, "get_full_name", user.get_username)()
    person = VerifiedIdentity(str(user.pk), full_name)
    said = {"id": person.id, "name": person.name, "email": getattr(user, "email", "")}
    return {**said, "proof": own_proof(slug, person)}


def csp_nonce(context: template.Context) -> str:
    """The nonce of the page's Content-Security-Policy: Django's (6.0 and newer), or django-csp's.

    Either is made when it is first read, and counts as false until then.
    """
    request = context.get("request")
    for nonce in (
        context.get("csp_nonce"),
        getattr(request, "csp_nonce", None),
        getattr(request, "_csp_nonce", None),  # Django's, where no context processor hands it on
    ):
        if nonce is not None:
            return str(nonce)
    return ""
