"""A description's calls, filled in with what is known: requests that can be sent."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_OID, uuid4, uuid5

import msgspec
from msgspec import UNSET

from chatwidget.conf import ProviderConfig
from chatwidget.providers.answer import Request
from chatwidget.providers.base import HistoryMessage, Turn
from chatwidget.providers.generic import templates
from chatwidget.providers.generic.description import Call, Description
from chatwidget.providers.history import dialogue

ACCEPTS = {
    "text": "text/plain, */*;q=0.1",
    "sse": "text/event-stream, */*;q=0.1",
    "ndjson": "application/x-ndjson, application/json, */*;q=0.1",
    "json": "application/json, */*;q=0.1",
}


class Requests:
    """Those of one widget."""

    def __init__(self, description: Description, base_url: str, config: ProviderConfig) -> None:
        self._description = description
        self._base_url = base_url
        self._config = config

    def message(self, turn: Turn, session: str) -> Request:
        """The request for one message."""
        accept = ACCEPTS[self._description.answer.framing]
        return self.fill(self._description.request, self.values(turn, session), accept)

    def fill(self, call: Call, values: templates.Values, accept: str) -> Request:
        """A call of the description, filled in. The key stays closed until it is sent."""
        content = None
        headers = {"Accept": accept}
        if call.body is not UNSET:
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(templates.body(call.body, values))
        elif call.form is not UNSET:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            content = templates.form(call.form, values).encode()
        with_key = {name: text for name, text in call.headers.items() if "{key}" in text}
        open_ones = {name: text for name, text in call.headers.items() if name not in with_key}
        given = templates.headers(open_ones, values)
        for name in [*given, *with_key]:
            headers = {each: text for each, text in headers.items() if each.lower() != name.lower()}

        def auth() -> dict[str, str]:
            return templates.headers(with_key, {**values, "key": self._config.key.reveal()})

        url = templates.url(call.url, values)
        return Request(call.method.upper(), url, headers | given, content, auth)

    def values(self, turn: Turn, session: str, run: str = "") -> templates.Values:
        """What is known for the placeholders; {uuid} is another one for each request."""
        request = self._description.request
        said = dialogue(turn)
        known: templates.Values = {
            "base": self._base_url,
            "agent": self._config.agent,
            "key": "",
            "text": turn.text,
            "session": session,
            "conversation": turn.conversation,
            "visitor": turn.person.id,
            "name": turn.person.name,
            "email": turn.person.email,
            "locale": turn.person.locale,
            "page_url": turn.page.url,
            "page_title": turn.page.title,
            "uuid": str(uuid4()),
            "id": message_id(turn.conversation, turn.seq, turn.text),
            "role": request.roles.get("user", "user"),
            "run": run,
        }
        return {
            **known,
            "history": [self._item(each, known) for each in said.earlier],
            "history+text": [self._item(each, known) for each in said.messages],
        }

    def _item(self, said: HistoryMessage, known: templates.Values) -> Any:
        request = self._description.request
        own = {
            "id": message_id(known["conversation"], said.seq, said.text),
            "role": request.roles.get(said.role, said.role),
            "text": said.text,
        }
        return templates.body(request.history_item, {**known, **own})


def message_id(conversation: str, seq: int, text: str) -> str:
    """A message's id for platforms that want one: the same whenever it is sent."""
    return str(uuid5(NAMESPACE_OID, f"{conversation} {seq or text}"))
