"""Widgets: set up, embedded by copying a line, and checked against their platform."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from chatwidget.admin import people, privacy, protection
from chatwidget.admin.doctor import doctor_view
from chatwidget.admin.dry_running import dry_run_view
from chatwidget.admin.forms import WidgetForm, appearance_names, option_names
from chatwidget.admin.platform_fields import platform_facts
from chatwidget.admin.preview import preview
from chatwidget.admin.secret_fields import hiding_secrets
from chatwidget.admin.setting_up import PLATFORMS_THAT_TELL, SetsUp
from chatwidget.admin.snippets import frame_url, snippets
from chatwidget.models import Conversation, Visitor, Widget
from chatwidget.providers.registry import providers
from chatwidget.transcripts import erasure, rollups
from chatwidget.transcripts.access import visible_to, widgets_of
from chatwidget.widgets.diagnostics import diagnose_all
from chatwidget.widgets.dry_run import MESSAGES


@admin.register(Widget)
class WidgetAdmin(SetsUp):
    """Typed fields for everything; the key goes in and never comes out."""

    form = WidgetForm
    change_form_template = "admin/chatwidget/widget/change_form.html"
    list_display = ("title", "slug", "platform", "where", "active", "conversations_link")
    list_display_links = ("title", "slug")
    list_filter = ("active", "provider")
    search_fields = ("slug", "title")
    ordering = ("title",)
    save_on_top = False

    class Media:
        css = {"all": ["chatwidget/admin.css"]}
        js = ["chatwidget/admin.js"]

    # --- who sees which ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Widget]:
        return super().get_queryset(request).filter(visible_to(request.user, "pk"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who is limited to some widgets would not see the one they made."""
        return super().has_add_permission(request) and widgets_of(request.user) is None

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = Widget.objects.filter(visible_to(request.user, "pk"))  # the fallback
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    # --- the list ---

    @admin.display(description=_("platform"), ordering="provider")
    def platform(self, widget: Widget) -> str:
        known = providers().get(widget.provider)
        return str(known.label) if known else widget.provider

    @admin.display(description=_("sites"))
    def where(self, widget: Widget) -> str:
        origins = widget.allowed_origins
        if not origins:
            return format_html('<span class="cw-flag cw-warn">{}</span>', _("any site"))
        more = f" +{len(origins) - 1}" if len(origins) > 1 else ""
        return f"{origins[0]}{more}"

    @admin.display(description=_("conversations"))
    def conversations_link(self, widget: Widget) -> str:
        return format_html('<a href="{}">{}</a>', conversations_url(widget), _("Read"))

    # --- the form ---

    def get_form(
        self, request: HttpRequest, obj: Widget | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        # The form adds the fields of the appearance and of the platforms' options by itself.
        return super().get_form(
            request, obj, change, **{**kwargs, "fields": WidgetForm.Meta.fields}
        )

    def get_fieldsets(self, request: HttpRequest, obj: Widget | None = None) -> Any:
        key = ["new_key", "clear_key"] if obj and obj.encrypted_key else ["new_key"]
        return [
            (None, {"fields": ["title", "slug", "active"]}),
            (
                _("Platform"),
                {
                    "fields": ["provider", "agent", "base_url", *key, *option_names(), "fallback"],
                    "description": _("Who answers. Each platform asks for what it needs."),
                },
            ),
            (_("Where it may appear"), {"fields": ["allowed_origins", "image_hosts"]}),
            *protection.fieldsets(obj),
            people.fieldset(),
            (
                _("Conversation"),
                {"fields": ["greeting", *appearance_names("conversation"), "no_answer"]},
            ),
            (_("Before the first message"), {"fields": appearance_names("before")}),
            (_("Appearance"), {"fields": appearance_names("look")}),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        widget = kwargs.get("obj")
        context["platforms"] = {name: platform_facts(cls) for name, cls in providers().items()}
        context["messages_to_send"] = MESSAGES
        context["described"] = widget is not None and widget.provider == "generic"
        if widget is not None:
            context["snippets"] = snippets(request, widget)
            context["page"] = request.build_absolute_uri(frame_url(widget))
            context["conversations"] = conversations_url(widget)
            context["tells"] = widget.provider in PLATFORMS_THAT_TELL
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Widget, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "no_answer" in form.changed_data:
            rollups.count_anew(obj)
        if change and "slug" in form.changed_data:
            told = {"old": form.initial["slug"], "new": obj.slug}
            text = _(
                "Pages that embed “%(old)s” show no chat any more: change their line to “%(new)s”, "
                "or the slug back."
            )
            self.message_user(request, text % told, messages.WARNING)
        if not obj.allowed_origins:
            self.message_user(
                request,
                _(
                    "Any site may embed this widget, and its visitors' questions are answered at "
                    "your cost: name the allowed origins."
                ),
                messages.WARNING,
            )

    # --- the check ---

    def get_urls(self) -> list[URLPattern]:
        check = self.admin_site.admin_view(self.check_view)
        own = path("<path:object_id>/check/", check, name="chatwidget_widget_check")
        forms = super().get_urls()
        for form in forms:  # the whole view: it may fail before the form is read
            form.callback = hiding_secrets(form.callback, *protection.SECRETS)
        shown = self.admin_site.admin_view(self.preview_view)
        preview_page = path("preview/", shown, name="chatwidget_widget_preview")
        dry = hiding_secrets(
            self.admin_site.admin_view(partial(dry_run_view, self)), *protection.SECRETS
        )
        dry_run = path("<path:object_id>/dry-run/", dry, name="chatwidget_widget_dry_run")
        dry_run_of_new = path("dry-run/", dry, name="chatwidget_widget_dry_run_of_new")
        kept = self.admin_site.admin_view(self.privacy_view)
        privacy_page = path("<path:object_id>/privacy/", kept, name="chatwidget_widget_privacy")
        looked = self.admin_site.admin_view(partial(doctor_view, self))
        doctor_page = path("doctor/", looked, name="chatwidget_widget_doctor")
        return [own, preview_page, doctor_page, dry_run_of_new, dry_run, privacy_page, *forms]

    def privacy_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What is kept of its visitors, for the owner's own notice."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        widget = self.get_object(request, unquote(object_id))
        if widget is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": _("What is kept of visitors"),
            "subtitle": widget.title,
            "opts": self.opts,
            "original": widget,
            "media": self.media,
            "facts": privacy.facts(widget),
        }
        return TemplateResponse(request, "admin/chatwidget/widget/privacy.html", context)

    def check_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Talk to the platform once. POST: it costs a message there.

        Synchronous, so that the admin's own guards apply; the talking is done on the server's event
        loop, whose HTTP client it shares, and this request's thread waits for it.
        """
        widget = self._changeable(request, object_id)
        if request.method != "POST":
            raise Http404
        found = diagnose_all(widget)
        if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
            lines = [line for section in found for line in section.lines]
            return JsonResponse({"ok": all(section.ok for section in found), "lines": lines})
        for section in found:
            for finding in section.findings:
                level = messages.SUCCESS if finding.ok else messages.ERROR
                self.message_user(request, f"{section.title} {finding.text}".strip(), level)
        return HttpResponseRedirect(reverse("admin:chatwidget_widget_change", args=[widget.pk]))

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """The chat as the form has it now. POST: what is typed is in no address, and no log."""
        if not (self.has_change_permission(request) or self.has_add_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            raise Http404
        return preview(request)

    # --- erasing ---

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Counts, not a list of every message. Who may not erase conversations may erase a widget
        that has none."""
        chosen = Widget.objects.filter(pk__in=[widget.pk for widget in objs])
        counts = {
            Widget._meta.verbose_name_plural: len(chosen),
            Conversation._meta.verbose_name_plural: Conversation.objects.filter(
                widget__in=chosen
            ).count(),
            Visitor._meta.verbose_name_plural: Visitor.objects.filter(widget__in=chosen).count(),
        }
        missing = set() if self.has_delete_permission(request) else {Widget._meta.verbose_name}
        has_conversations = bool(counts[Conversation._meta.verbose_name_plural])
        if has_conversations and not request.user.has_perm("chatwidget.delete_conversation"):
            missing.add(Conversation._meta.verbose_name)
        return [str(widget) for widget in chosen], counts, missing, []

    def delete_model(self, request: HttpRequest, obj: Widget) -> None:
        erasure.erase_widget(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Widget]) -> None:
        for widget in queryset:
            erasure.erase_widget(widget)


def conversations_url(widget: Widget) -> str:
    return f"{reverse('admin:chatwidget_conversation_changelist')}?widget__id__exact={widget.pk}"
