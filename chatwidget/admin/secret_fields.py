"""Secrets that are typed into a form: they go in, never come out, and are in no error report."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_post_parameters

from chatwidget.conf import Secret

View = Callable[..., HttpResponse]


class SecretField(forms.CharField):
    """A text that is a `Secret` from here on; what it may hold is checked with its widget."""

    def __init__(self, **options: Any) -> None:
        attrs = {"class": "vTextField", "autocomplete": "new-password", "spellcheck": "false"}
        super().__init__(required=False, widget=forms.PasswordInput(attrs=attrs), **options)

    def to_python(self, value: Any) -> Any:
        text = value.reveal() if isinstance(value, Secret) else value
        return Secret(super().to_python(text) or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)

    def run_validators(self, value: Any) -> None:
        """None: they would read it."""


class KeepsSecrets(admin.ModelAdmin):  # type: ignore[type-arg]
    """A list whose address asks nothing of what is stored encrypted: not even how it begins."""

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return "encrypted" not in lookup and super().lookup_allowed(lookup, value, request)


def hiding_secrets(view: View, *names: str) -> View:
    """A view for which these fields of what was posted are secrets.

    Django's own decorator hides them where DEBUG is off; other programs that report errors know
    nothing of that.
    """

    @sensitive_post_parameters(*names)
    @wraps(view)
    def hiding(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            posted: Any = request.POST.copy()
            for name in names:
                if name in posted:
                    posted[name] = Secret(posted[name])
            request.POST = posted
        return view(request, *args, **kwargs)

    return hiding
