"""The admin speaks its reader's language, as the browser tells it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation


class AdminLanguage(LocaleMiddleware):
    """Django's own for the admin alone.

    All other pages choose their language themselves or have none, and are cached: they must not
    vary by what a browser accepts.
    """

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith("/admin/"):
            return super().__call__(request)
        return self.get_response(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        response = super().process_response(request, response)
        translation.deactivate()  # the thread may serve another page next
        return response
