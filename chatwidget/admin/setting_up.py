"""What is done with a widget beside its form: copied, switched, begun from what its platform knows;
and what its history tells."""

from __future__ import annotations

import json
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import override

from chatwidget.admin.forms import APPEARANCE
from chatwidget.admin.protection import SECRETS
from chatwidget.admin.secret_fields import KeepsSecrets
from chatwidget.appearance import OPTIONS
from chatwidget.errors import ReplyError
from chatwidget.models import Widget
from chatwidget.providers.base import VisitorIdentity
from chatwidget.providers.reader import read_profile
from chatwidget.providers.registry import make_provider
from chatwidget.widgets.diagnostics import explained

# Of a value, what the history keeps.
LONGEST = 80
# Whose values it does not keep: they are secrets, or may hold some.
UNTOLD = (*SECRETS, "clear_key", "clear_identity_secret", "option_generic_description")
PLATFORMS_THAT_TELL = ("agentix",)


class SetsUp(KeepsSecrets):
    """The widget's own buttons, and its history with what was before and after."""

    object_history_template = "admin/chatwidget/widget/history.html"

    def get_urls(self) -> list[URLPattern]:
        views = {
            "duplicate": self.duplicate_view,
            "switch": self.switch_view,
            "profile": self.profile_view,
        }
        own = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"chatwidget_widget_{name}",
            )
            for name, view in views.items()
        ]
        return [*own, *super().get_urls()]

    def _changeable(self, request: HttpRequest, object_id: str) -> Widget:
        """The widget, for who may change it; nobody else learns whether there is one."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        widget: Widget | None = self.get_object(request, object_id)
        if widget is None:
            raise Http404
        return widget

    def _posted(self, request: HttpRequest, object_id: str) -> Widget:
        widget = self._changeable(request, object_id)
        if request.method != "POST":
            raise Http404
        return widget

    def duplicate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A copy under another name, switched off: its key goes where the first one's does."""
        widget = self._posted(request, object_id)
        if not self.has_add_permission(request):
            raise PermissionDenied
        original = str(widget)
        widget.slug, widget.pk, widget.active = free_slug(widget.slug), None, False
        widget._state.adding = True
        widget.config_version = 1
        widget.save()
        self.log_addition(request, widget, _("Copied from “%s”.") % original)
        text = _("This is a copy of “%s”. It is switched off until you switch it on.")
        self.message_user(request, text % original, messages.SUCCESS)
        return self._back(widget)

    def switch_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Off, or on again, at once; what else is typed into the form is not saved by it."""
        widget = self._posted(request, object_id)
        wanted = request.POST.get("active") == "1"
        if widget.active != wanted:
            widget.active = wanted
            widget.save()
            with override(None):
                change = [["Active", shown(not wanted), shown(wanted)]]
            self.log_change(
                request, widget, [{"changed": {"fields": ["Active"], "values": change}}]
            )
        text = _("The widget is on.") if wanted else _("The widget is off: open chats close now.")
        self.message_user(request, text, messages.SUCCESS)
        return self._back(widget)

    def profile_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the platform says of its agent, for the form: nothing is stored."""
        widget = self._posted(request, object_id)
        if widget.provider not in PLATFORMS_THAT_TELL:
            raise Http404
        try:
            platform = make_provider(widget.provider_config)
            profile = async_to_sync(read_profile)(platform, VisitorIdentity(id="owner"))
        except ReplyError as error:
            return JsonResponse({"error": explained(error, widget)})
        fields = {
            name if name == "title" else APPEARANCE + name: str(value)
            for name, value in profile.defaults.items()
            if name == "title" or name in OPTIONS
        }
        if profile.greeting:
            fields["greeting"] = profile.greeting.text
        if profile.asks_email:
            fields[f"{APPEARANCE}ask_email"] = "optional"
        limit = profile.max_length
        note = _("Messages are at most %s characters long.") % limit if limit else ""
        return JsonResponse({"fields": fields, "note": note})

    def _back(self, widget: Widget) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:chatwidget_widget_change", args=[widget.pk]))

    # --- the history ---

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """Which fields, as Django has it, and from what to what."""
        message = super().construct_change_message(request, form, formsets, add)
        if not add and message:
            with override(None):
                values = [change_of(form, name) for name in form.changed_data]
            changed: dict[str, Any] = message[0]["changed"]
            changed["values"] = values
        return message

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().history_view(request, object_id, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data:
            for entry in response.context_data["action_list"]:
                entry.values = told(entry.change_message)
        return response


def free_slug(slug: str) -> str:
    """The slug of a copy: `shop-copy`, `shop-copy-2`, …"""
    base = f"{slug[:50].rstrip('-')}-copy"
    taken = set(Widget.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    names = (base if number == 1 else f"{base}-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def change_of(form: Any, name: str) -> list[str]:
    """A field's label, its value before and after; of a secret neither."""
    field = form.fields[name]
    label = str(field.label or name)
    if name in UNTOLD:
        return [label, "•••", "•••"]
    before = form.get_initial_for_field(field, name)
    return [label, shown(before), shown(form.cleaned_data.get(name))]


def shown(value: Any) -> str:
    """A value in a line."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value)) or "–"
    return Truncator(" ".join(str(value).split())).chars(LONGEST)


def told(message: str) -> list[list[str]]:
    """From what to what, of an entry of the log that says so."""
    try:
        return [values for each in json.loads(message) for values in each["changed"]["values"]]
    except (ValueError, TypeError, KeyError):
        return []
