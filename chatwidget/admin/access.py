"""Which widgets a member of staff is limited to: set by who is limited to none."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from chatwidget.models import WidgetAccess
from chatwidget.transcripts.access import widgets_of


@admin.register(WidgetAccess)
class WidgetAccessAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Without a row, a member of staff sees all widgets; with one, these alone."""

    list_display = ("user", "limited_to")
    list_select_related = ("user",)
    filter_horizontal = ("widgets",)
    ordering = ("user",)

    @admin.display(description=_("widgets"))
    def limited_to(self, access: WidgetAccess) -> Any:
        return ", ".join(widget.title for widget in access.widgets.all()) or _("none")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WidgetAccess]:
        return super().get_queryset(request).prefetch_related("widgets")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        people = get_user_model()._default_manager.all()
        try:
            people.model._meta.get_field("is_staff")
        except FieldDoesNotExist:  # a site may have users of its own kind
            pass
        else:
            people = people.filter(is_staff=True, is_superuser=False)
        return super().formfield_for_foreignkey(db_field, request, **{**kwargs, "queryset": people})

    # Who is limited could otherwise lift the limit.

    def has_module_permission(self, request: HttpRequest) -> bool:
        return super().has_module_permission(request) and widgets_of(request.user) is None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) and widgets_of(request.user) is None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and widgets_of(request.user) is None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and widgets_of(request.user) is None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and widgets_of(request.user) is None
