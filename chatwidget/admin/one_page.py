"""What is looked at, and is no list of rows: the admin has it as a page of its own."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path


class OnePage(admin.ModelAdmin):  # type: ignore[type-arg]
    """One page, in the place of its model's list: for those who have one of `view_permissions`."""

    view_permissions: ClassVar[tuple[str, ...]]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return any(request.user.has_perm(f"chatwidget.{name}") for name in self.view_permissions)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.changelist_view)
        return [path("", page, name=f"chatwidget_{self.opts.model_name}_changelist")]
