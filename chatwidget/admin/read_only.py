"""Rows that are read in the admin, and erased; never added or edited there."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """After erasing one, its reader is in the list again, as it was searched and filtered."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        # Django would lead whoever may not change such rows to the admin's first page.
        super().response_delete(request, obj_display, obj_id)
        return self.back_to_list(request)

    def back_to_list(self, request: HttpRequest) -> HttpResponse:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        path = reverse(name, current_app=self.admin_site.name)
        filters = self.get_preserved_filters(request)
        kept: dict[str, Any] = {"preserved_filters": filters, "opts": self.opts}
        return HttpResponseRedirect(add_preserved_filters(kept, path))
