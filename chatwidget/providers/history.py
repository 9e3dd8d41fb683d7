"""A conversation as platforms take it that keep none themselves: in turns, the visitor's first.

Chat templates refuse anything else: a first message of the agent's, as a greeting is, or two of one
role in a row, which a failed reply leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

from chatwidget.providers.base import HistoryMessage, Turn
from chatwidget.providers.reasoning import without_reasoning


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What the agent said before the visitor's first word, and the messages in turns."""

    greeting: str
    earlier: tuple[HistoryMessage, ...]  # without the newest, which is the visitor's
    newest: HistoryMessage

    @property
    def messages(self) -> tuple[HistoryMessage, ...]:
        return in_turns((*self.earlier, self.newest))

    def newest_half(self) -> Dialogue:
        """The same without its older half."""
        kept = self.earlier[(len(self.earlier) + 1) // 2 :]
        return Dialogue(self.greeting, in_turns(kept), self.newest)


def dialogue(
    turn: Turn, most_messages: int | None = None, most_characters: int | None = None
) -> Dialogue:
    """The turn with its history: at most so many earlier messages, of so many code points."""
    said = [
        HistoryMessage(each.role, text, each.seq)
        for each in turn.history
        if (text := without_reasoning(each.text) if each.role == "assistant" else each.text).strip()
    ]
    greeting = ""
    if said and said[0].role == "assistant" and said[0].seq <= 1:
        greeting = said.pop(0).text
    newest: list[HistoryMessage] = []
    left = most_characters
    for each in said[: -most_messages - 1 : -1] if most_messages is not None else said[::-1]:
        if left is not None and (left := left - len(each.text)) < 0:
            break
        newest.append(each)
    asked = HistoryMessage("user", turn.text, turn.seq)
    return Dialogue(greeting, in_turns(tuple(newest[::-1])), asked)


def in_turns(messages: tuple[HistoryMessage, ...]) -> tuple[HistoryMessage, ...]:
    """The messages from the visitor's first on, neighbours of one role joined."""
    joined: list[HistoryMessage] = []
    for each in messages:
        if joined and joined[-1].role == each.role:
            text = f"{joined.pop().text}\n\n{each.text}"
            joined.append(HistoryMessage(each.role, text, each.seq))
        elif joined or each.role == "user":
            joined.append(each)
    return tuple(joined)
