"""Rasa's REST channel, which asks for no key, as its owners put one before it."""

from __future__ import annotations

from typing import Any

from rasa.core.channels.rest import RestInput
from sanic import Blueprint, HTTPResponse, Request, response


class KeyedRest(RestInput):
    def blueprint(self, on_new_message: Any) -> Blueprint:
        webhook = super().blueprint(on_new_message)

        @webhook.middleware("request")
        async def check(request: Request) -> HTTPResponse | None:
            if request.headers.get("authorization") == "Bearer agent-key":
                return None
            return response.json({"detail": "Wrong key"}, 401)

        return webhook
