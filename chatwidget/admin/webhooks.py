"""Webhooks, and the log of what they were told."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from chatwidget.admin.read_only import ReadOnly
from chatwidget.admin.secret_fields import KeepsSecrets
from chatwidget.admin.times import ago
from chatwidget.models import Event, Notice, Webhook, Widget
from chatwidget.transcripts import notices
from chatwidget.transcripts.access import visible_to, widgets_of
from chatwidget.widgets.webhooks import EVENTS, parse_webhook_url


class WebhookForm(forms.ModelForm):  # type: ignore[type-arg]
    """Its secret is made by us, and shown once."""

    url = forms.CharField(
        label=_("Address"),
        max_length=1000,
        widget=forms.TextInput(attrs={"class": "vURLField"}),
        help_text=_(
            "Where the events are posted, as JSON, signed as Standard Webhooks says. Or "
            "mailto:you@example.com: then each is a mail."
        ),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(str(event), event.label) for event in EVENTS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None: all, and those that later versions add."),
    )

    language = forms.ChoiceField(
        label=_("Language of mails"),
        choices=lambda: [("", "–"), *settings.LANGUAGES],
        required=False,
    )

    digest = forms.ChoiceField(
        label=_("Digest"),
        choices=[("", "–"), ("day", _("every day")), ("week", _("every Monday"))],
        required=False,
        help_text=_(
            "The numbers of the days before, at six in the morning. For nothing but this, choose "
            "its event alone."
        ),
    )

    class Meta:
        model = Webhook
        fields = ("url", "widget", "events", "digest", "language", "active")

    def clean_url(self) -> str:
        return parse_webhook_url(self.cleaned_data["url"])


@admin.register(Webhook)
class WebhookAdmin(KeepsSecrets):
    """Set up, tried, and looked after."""

    form = WebhookForm
    change_form_template = "admin/chatwidget/webhook/change_form.html"
    list_display = ("url", "widget", "what", "active", "last_notice")
    list_filter = ("active", ("widget", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("widget",)

    class Media:
        css = {"all": ["chatwidget/admin.css"]}
        js = ["chatwidget/admin.js"]

    @admin.display(description=_("events"))
    def what(self, hook: Webhook) -> str:
        chosen = [str(event.label) for event in EVENTS if event in hook.events]
        return ", ".join(chosen) or str(_("all"))

    @admin.display(description=_("last notice"))
    def last_notice(self, hook: Webhook) -> str:
        last = Notice.objects.filter(webhook=hook).order_by("-id").first()
        if last is None:
            return "–"
        url = f"{reverse('admin:chatwidget_notice_changelist')}?webhook__id__exact={hook.pk}"
        return format_html('<a href="{}">{}</a> {}', url, ago(last.created_at), state(last))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path(
                "<path:object_id>/secret/", wrap(self.secret_view), name="chatwidget_webhook_secret"
            ),
            path("<path:object_id>/test/", wrap(self.test_view), name="chatwidget_webhook_test"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        return super().get_queryset(request).filter(visible_to(request.user))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = Widget.objects.filter(visible_to(request.user, "pk"))
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and widgets_of(request.user) is not None:
            field.required = True  # who sees some widgets is not told of all
        return field

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        if not (obj.encrypted_secret or obj.is_mail):
            obj.make_secret()
        obj.site = request.build_absolute_uri(reverse("admin:index"))[:300]
        if "digest" in form.changed_data:
            obj.digested_until = None  # the days begin to be counted anew
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The new one's secret, once, instead of the list."""
        if obj.is_mail:
            return super().response_add(request, obj, post_url_continue)
        return self._show_secret(request, obj)

    def secret_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make a new secret: the old one is worth nothing from now on."""
        hook = self._posted(request, object_id)
        hook.make_secret()
        hook.save(update_fields=["encrypted_secret"])
        self.log_change(request, hook, "new secret")
        return self._show_secret(request, hook)

    def test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send a notice about nothing."""
        hook = self._posted(request, object_id)
        notices.store(Event.TEST, [hook], {"by": request.user.get_username()})
        self.message_user(request, _("A test is on its way: see the log."), messages.SUCCESS)
        return HttpResponseRedirect(
            f"{reverse('admin:chatwidget_notice_changelist')}?webhook__id__exact={hook.pk}"
        )

    def _posted(self, request: HttpRequest, object_id: str) -> Webhook:
        hook: Webhook | None = self.get_object(request, unquote(object_id))
        if not self.has_change_permission(request, hook):
            raise PermissionDenied
        if request.method != "POST" or hook is None:
            raise Http404
        return hook

    def _show_secret(self, request: HttpRequest, hook: Webhook) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("The webhook's secret"),
            "opts": self.opts,
            "original": hook,
            "media": self.media,
            "secret": hook.secret.reveal(),
        }
        response = TemplateResponse(request, "admin/chatwidget/webhook/secret.html", context)
        response["Cache-Control"] = "no-store"
        return response


class StateFilter(admin.SimpleListFilter):
    """What became of it."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("waiting")), ("delivered", _("delivered")), ("failed", _("given up"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notice]) -> QuerySet[Notice]:
        match self.value():
            case "waiting":
                return queryset.filter(due_at__isnull=False)
            case "delivered":
                return queryset.filter(delivered_at__isnull=False)
            case "failed":
                return queryset.filter(due_at=None, delivered_at=None)
        return queryset


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    """The log: read, and sent again; never edited."""

    list_display = ("time", "event", "receiver", "state", "attempts", "answer")
    list_filter = (StateFilter, "event", ("webhook", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("webhook",)
    list_per_page = 50
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("send_again",)
    fields = (
        ("event", "time", "state"),
        "receiver",
        ("delivered_at", "due_at"),
        "content",
        "attempts_log",
    )
    readonly_fields = (
        *("event", "time", "state", "receiver", "delivered_at", "due_at"),
        *("content", "attempts_log"),
    )

    class Media:
        css = {"all": ["chatwidget/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notice]:
        rows = super().get_queryset(request).filter(visible_to(request.user))
        told = visible_to(request.user, "webhook__widget")
        return rows.filter(told | Q(webhook=None)) if told else rows

    def has_send_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("chatwidget.change_webhook"))

    @admin.display(description=_("time"), ordering="id")
    def time(self, notice: Notice) -> Any:
        return ago(notice.created_at)

    @admin.display(description=_("receiver"))
    def receiver(self, notice: Notice) -> str:
        return str(notice.webhook or notice.mailbox)

    @admin.display(description=_("state"))
    def state(self, notice: Notice) -> str:
        return state(notice)

    @admin.display(description=_("last answer"))
    def answer(self, notice: Notice) -> str:
        return said(notice.last)

    @admin.display(description=_("content"))
    def content(self, notice: Notice) -> str:
        text = json.dumps(json.loads(notice.body), ensure_ascii=False, indent=2)
        return format_html('<div class="cw-code"><pre>{}</pre></div>', text)

    @admin.display(description=_("attempts"))
    def attempts_log(self, notice: Notice) -> str:
        rows = "\n".join(
            f"{when(entry['at'])}   {said(entry)}   {entry['ms']} ms" for entry in notice.log
        )
        return format_html('<div class="cw-code"><pre>{}</pre></div>', rows or "–")

    @admin.action(permissions=["send"], description=_("Send again"))
    def send_again(self, request: HttpRequest, rows: QuerySet[Notice]) -> None:
        chosen = list(rows)
        for notice in chosen:
            notices.send_again(notice)
        text = ngettext("%(count)d notice is sent.", "%(count)d notices are sent.", len(chosen))
        self.message_user(request, text % {"count": len(chosen)}, messages.SUCCESS)


def state(notice: Notice) -> str:
    """In one word, as a flag."""
    if notice.delivered_at:
        kind, word = "good", _("delivered")
    elif notice.due_at is None:
        kind, word = "error", _("given up")
    else:
        kind, word = "warn", _("waiting")
    return format_html('<span class="cw-flag cw-{}">{}</span>', kind, word)


def said(entry: dict[str, Any]) -> str:
    return f"{entry.get('status') or ''} {entry.get('said', '')}".strip()


def when(text: str) -> str:
    """An attempt's time on the admin's clock."""
    at = parse_datetime(text)
    if at is None:
        return text
    return f"{timezone.localtime(at) if timezone.is_aware(at) else at:%Y-%m-%d %H:%M:%S}"
