"""OpenAI's API, chat completions or responses; any compatible server by its base URL.

Chat completions keep no conversation: the history goes along from the transcript. Responses keep
it: each names the one before. A key is needed for OpenAI itself; a server of one's own (a base URL
is set) may do without.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import httpx
from django.utils.translation import gettext as _

from chatwidget.conf import ProviderConfig
from chatwidget.errors import ConversationTooLong, PlatformRejected, PlatformTimedOut, ReplyError
from chatwidget.providers.answer import Answer
from chatwidget.providers.base import Event, Turn
from chatwidget.providers.decoders import ServerEvent, excerpt
from chatwidget.providers.error_mapping import CLIENT_ERRORS
from chatwidget.providers.history import Dialogue, dialogue
from chatwidget.providers.http import HTTPProvider
from chatwidget.providers.openai.chat import Completion, objects
from chatwidget.providers.openai.errors import LostSession, SilentStream, refined
from chatwidget.providers.openai.responses import Response
from chatwidget.providers.reasoning import MODES, Reasoning, opens_no_thoughts

# Seconds. After the finish_reason nothing but counts of tokens comes: they are not worth more.
LAST_SECONDS = 2.0
# Seconds. A server that broke off closes its connection, which nothing of ours is to meet.
AGAIN_SECONDS = 0.5
# Options that go along as they are.
SAMPLING: dict[str, type] = {
    "temperature": float,
    "top_p": float,
    "max_tokens": int,
    "max_completion_tokens": int,
}


class OpenAI(HTTPProvider):
    label = "OpenAI"
    default_base_url = "https://api.openai.com/v1"
    needs_key = False  # see `problems`
    wants_history = True
    can_rewind = True
    options = {
        "system_prompt": str,
        "api": str,
        "reasoning": str,
        "thinks_first": bool,
        "history_messages": int,
        "history_characters": int,
        **SAMPLING,
    }
    refusable = ("system_prompt", *SAMPLING)
    choices = {"api": ("chat", "responses"), "reasoning": MODES}

    @classmethod
    def problems(cls, config: ProviderConfig) -> list[str]:
        found = super().problems(config)
        if not config.key and config.base_url in ("", cls.default_base_url):
            found.append("OpenAI needs an API key")
        for name in ("history_messages", "history_characters"):
            given = config.options.get(name, 0)
            if isinstance(given, int) and given < 0:
                found.append(f"option {name!r} must not be below 0")
        return found

    @classmethod
    def rewinds(cls, options: dict[str, Any]) -> bool:
        return options.get("api") != "responses"  # it knows the answer that would be replaced

    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.config.key.reveal()}"} if self.config.key else {}

    def refusal(self, response: httpx.Response, said: bytes, after: float | None) -> ReplyError:
        refused = super().refusal(response, said, after)
        if response.status_code >= 500 and not self.config.key:
            refused.cause += (
                " (no API key is set: litellm, for one, answers 500 where it wants one)"
            )
        return refined(refused, response.status_code, said)

    async def reply(self, turn: Turn) -> AsyncGenerator[Event, None]:
        options = self.config.options
        said = dialogue(turn, options.get("history_messages"), options.get("history_characters"))
        session = turn.session if self._responses else ""
        whole = stream = True
        while True:
            spoken = False
            try:
                async with aclosing(self._answered(said, session, stream)) as events:
                    async for event in events:
                        spoken = True
                        yield event
                return
            except LostSession:
                if spoken or not session:
                    raise
            except SilentStream:
                # So llama-cpp-python refuses a full context, and messages that its template does
                # not take.
                if not stream:
                    raise
                stream = False
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            except ConversationTooLong as error:
                if len(said.messages) == 1 and not session:
                    raise PlatformRejected(error.cause) from None  # the message itself is too long
                if spoken or not whole:
                    raise
                said, whole, stream = said.newest_half(), False, True
            session = ""  # what the platform was to know goes along instead

    async def doubts(self) -> list[str]:
        found = await self._unlisted()
        if opens_no_thoughts(self._model) and not self.config.options.get("thinks_first"):
            found.append(
                _(
                    "Of the model's thoughts only the closing tag comes, so at first they pass for "
                    "its answer. Set the option %(option)s, and no visitor sees them."
                )
                % {"option": "thinks_first=true"}
            )
        return found

    async def _unlisted(self) -> list[str]:
        """Some servers answer whatever model they are asked for: /models says which there are."""
        listed: list[str] = []
        with suppress(ReplyError):
            async with self.ask("GET", "/models", accept=None) as answer:
                listing = await answer.json(dict[str, Any])
            listed = [str(each.get("id")) for each in objects(listing.get("data"))]
        agent = self.config.agent.partition(":")[0]  # a tag may be left out, or be ours
        known = {name.partition(":")[0].removeprefix("models/") for name in listed}
        if not listed or agent in known or any("*" in name for name in known):
            return []
        there = excerpt(", ".join(listed), 200)
        return [
            _("The server does not list a model %(model)s. It lists: %(there)s")
            % {"model": repr(self.config.agent), "there": there}
        ]

    @property
    def _model(self) -> tuple[str, str]:
        return self.base_url, self.config.agent

    @property
    def _responses(self) -> bool:
        return bool(self.config.options.get("api") == "responses")

    async def _answered(
        self, said: Dialogue, session: str, stream: bool
    ) -> AsyncGenerator[Event, None]:
        """One request's events. Raises ReplyError."""
        kind, path, body = Completion, "/chat/completions", self._chat(said)
        if self._responses:
            kind, path, body = Response, "/responses", self._response(said, session)
        body["stream"] = stream
        mode = self.config.options.get("reasoning", "hide")
        unopened = self.config.options.get("thinks_first", False)
        found = kind(Reasoning(mode, self._model, unopened=unopened))
        async with self.ask("POST", path, body, accept=None) as answer:
            async with aclosing(_read(answer, found)) as events:
                async for event in events:
                    yield event
            for event in found.end():
                yield event
            yield found.finished(bytes(answer.kept))

    def _prompt(self, said: Dialogue) -> str:
        prompt: str = self.config.options.get("system_prompt", "")
        if prompt and said.greeting:
            # Templates take no first message of the agent's, and some no system prompt: so where
            # there is none, the greeting is left out.
            return f"{prompt}\n\nYou have greeted the user with these words:\n{said.greeting}"
        return prompt

    def _chat(self, said: Dialogue) -> dict[str, Any]:
        prompt = self._prompt(said)
        messages = [{"role": "system", "content": prompt}] if prompt else []
        messages += [{"role": each.role, "content": each.text} for each in said.messages]
        return {"model": self.config.agent, "messages": messages, **self._sampling}

    def _response(self, said: Dialogue, session: str) -> dict[str, Any]:
        earlier = [{"role": each.role, "content": each.text} for each in said.messages]
        sampling = self._sampling
        for name in ("max_tokens", "max_completion_tokens"):
            if name in sampling:
                sampling["max_output_tokens"] = sampling.pop(name)
        if self.config.options.get("reasoning", "hide") != "hide":
            sampling["reasoning"] = {"summary": "auto"}
        if prompt := self._prompt(said):
            sampling["instructions"] = prompt
        if session:
            sampling["previous_response_id"] = session
        alone = session or len(earlier) == 1
        return {
            "model": self.config.agent,
            "input": earlier[-1]["content"] if alone else earlier,
            **sampling,
        }

    @property
    def _sampling(self) -> dict[str, Any]:
        return {name: value for name, value in self.config.options.items() if name in SAMPLING}


async def _read(answer: Answer, found: Completion) -> AsyncGenerator[Event, None]:
    """The answer's events as they come. What its first bytes look like counts, not their type."""
    begun = await answer.beginning()
    if begun[:1] in (b"{", b"["):
        try:
            value = await answer.json(Any)
        except PlatformRejected as error:
            said = answer.media_type or "JSON"
            raise PlatformRejected(f"answered {said}, no stream: {error.cause}") from None
        for event in found.whole(value):
            yield event
        return
    if begun and begun[:1] not in b"dei:r":  # data, event, id, a comment, retry
        raise PlatformRejected(
            f"answered {excerpt(answer.media_type) or 'something'} that is no answer: "
            f"{excerpt(begun, 2000)}"
        )
    async with aclosing(answer.events()) as events:
        while not found.done and (sent := await _next(events, found)):
            for event in found.event(sent):
                yield event


async def _next(events: AsyncGenerator[ServerEvent, None], found: Completion) -> ServerEvent | None:
    """The next event; None at the end. Once the text is whole nothing can spoil it any more."""
    if not found.whole_text:
        return await anext(events, None)
    try:
        async with asyncio.timeout(LAST_SECONDS):
            return await anext(events, None)
    except (TimeoutError, PlatformTimedOut, *CLIENT_ERRORS):
        return None
