"""Hayhooks as an app, whose owner has put a check of the key before it."""

from __future__ import annotations

from hayhooks import create_app
from keyed import Keyed

app = create_app()
app.add_middleware(Keyed)
