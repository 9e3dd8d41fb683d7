"""The form of a widget, as a browser posts it."""

from __future__ import annotations

from typing import Any

from chatwidget.admin.forms import WidgetForm
from chatwidget.models import Widget

KEY = "sk-live-0123456789-abcdef-WXYZ"
CHANGE = "/admin/chatwidget/widget/{}/change/"
ADD = "/admin/chatwidget/widget/add/"


def filled(widget: Widget | None = None, **changes: Any) -> dict[str, Any]:
    """What a browser posts when it sends the form as it is shown, with `changes`."""
    form = WidgetForm(instance=widget)
    shown = {name: form[name].value() for name in form.fields}
    data = {}
    for name, field in form.fields.items():
        value = shown[name]
        if isinstance(value, bool):
            if value and "option_" not in name:
                data[name] = "on"
        elif value is not None:
            data[name] = field.prepare_value(value)
    return {**data, **changes}


def errors(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, "it was saved"
    found: dict[str, Any] = response.context["adminform"].form.errors
    return found
