"""Events → text, session, errors and the end, as a description says. Pure: no I/O here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET

from chatwidget.errors import REPLY_ERRORS, PlatformRejected, PlatformUnavailable, ReplyError
from chatwidget.providers.decoders import excerpt
from chatwidget.providers.generic.description import Answer, TextRule, UIRule, ends_of, paths_of
from chatwidget.providers.generic.framing import CAUSE
from chatwidget.providers.generic.paths import All, Event, Path

# Rich elements of a reply: more than anybody looks at, and a bound for what is kept of them.
MAX_ITEMS = 200
# What is done where no title says what, in the visitor's language.
WORKING = "working"


class _Text:
    """A rule for text, and what it has taken."""

    def __init__(self, at: int, rule: TextRule) -> None:
        self.name = f"text[{at}]"
        self.rule = rule
        self.when, self.path = All(rule.when), Path(rule.path)
        self._last = ""  # the last snapshot

    def taken(self, event: Event) -> str | None:
        """The event's text; None: the rule does not take it."""
        if not self.when.hold(event):
            return None
        found = self.path.texts(event.value)
        return self.rule.join.join(found) if found else None

    def beyond(self, text: str) -> tuple[str, bool]:
        """What a snapshot adds to the last one, and whether it continues it."""
        last = self._last
        if last.startswith(text):
            return "", True  # nothing new; a shorter one cannot be taken back
        self._last = text
        return (text[len(last) :], True) if text.startswith(last) else (text, False)


@dataclass(slots=True)
class Reading:
    """One answer's: its events go in."""

    answer: Answer
    session: str = ""
    run: str = ""
    spoken: bool = False  # there has been text
    ended: bool = False  # its end mark has come
    error: ReplyError | None = None  # it says that it failed
    taken: list[str] = field(default_factory=list)  # the rules that took the last event
    said: str = ""  # and the text they made of it
    doing: str = ""  # what the agent does meanwhile, where the last event says so
    whole: bool = False  # it has come as one value
    done: bool = False  # the mark that is no event has come
    _ui: list[dict[str, Any]] = field(default_factory=list)
    _ui_type: str = ""
    _matched: bool = False  # some rule has taken something
    _whole: str = ""
    _text: list[_Text] = field(init=False)
    _errors: list[tuple[All, list[Path], str]] = field(init=False)
    _ends: list[All] = field(init=False)
    _session: list[Path] = field(init=False)
    _run: list[Path] = field(init=False)

    def __post_init__(self) -> None:
        answer = self.answer
        rules = answer.text or ([TextRule("$")] if answer.framing == "text" else [])
        self._text = [_Text(at, rule) for at, rule in enumerate(rules)]
        self._errors = [(All(e.when), paths_of(e.text), e.code) for e in answer.error]
        self._ends = ends_of(answer.end)
        self._session, self._run = paths_of(answer.session), paths_of(answer.run)

    @property
    def over(self) -> bool:
        """Nothing that comes now counts."""
        return self.ended or self.error is not None

    def take(self, event: Event) -> str:
        """The text that an event brings. Of one that says that the answer has failed, none."""
        self.taken, self.said, self.doing = [], "", ""
        if self.error is not None:
            return ""
        self._remember("session", self._session, event)
        self._remember("run", self._run, event)
        if self._fails(event):
            return ""
        text = self.said = self._said(event)
        for at, rule in enumerate(self.answer.ui):
            self._show(at, rule, event)
        for at, end in enumerate(self._ends):
            if end.hold(event):
                self.taken.append(f"end[{at}]")
                self.ended = True
        self._matched = self._matched or bool(self.taken)
        return text

    def _remember(self, name: str, paths: list[Path], event: Event) -> None:
        for path in paths:
            for value in path.texts(event.value)[-1:]:
                self.taken.append(name)
                setattr(self, name, value)

    def _fails(self, event: Event) -> bool:
        for at, (when, paths, code) in enumerate(self._errors):
            if when.hold(event):
                self.taken.append(f"error[{at}]")
                said = (text for path in paths for text in path.texts(event.value) if text)
                why = next(said, "") or excerpt(str(event.value), CAUSE)
                self.error = REPLY_ERRORS[code](f"the platform says: {excerpt(why, CAUSE)}")
                return True
        return False

    def _said(self, event: Event) -> str:
        for rule in self._text:
            text = rule.taken(event)
            if text is None:
                continue
            self.taken.append(rule.name)
            between = rule.rule.between
            if rule.rule.whole:
                self._whole = text or self._whole
                return ""
            if rule.rule.snapshot:
                text, continues = rule.beyond(text)
                between = "" if continues else between
            if not text:
                return ""
            before, self.spoken = self.spoken, True
            return between + text if before else text
        return ""

    def _show(self, at: int, rule: UIRule, event: Event) -> None:
        """Rich elements; a reply has those of one type, and links go along with any."""
        if rule.type == "activity":
            self._do(at, rule, event)
            return
        one_type = rule.type == self._ui_type or "links" in (rule.type, self._ui_type or "links")
        if not one_type or not All(rule.when).hold(event):
            return
        for item in _items(rule, event):
            fields = {
                name: texts[0]
                for name in ("title", "payload", "url", "image", "price")
                if (given := getattr(rule, name)) and (texts := Path(given).texts(item))
            }
            if len(self._ui) == MAX_ITEMS:
                return
            if fields.get("title"):
                self._ui.append(fields)
                if rule.type != "links" or not self._ui_type:
                    self._ui_type = rule.type
                self.taken.append(f"ui[{at}]")

    def _do(self, at: int, rule: UIRule, event: Event) -> None:
        if All(rule.when).hold(event):
            self.doing = WORKING
            self.taken.append(f"ui[{at}]")
            for item in _items(rule, event) if rule.title else ():
                self.doing = next(filter(None, Path(rule.title).texts(item)), self.doing)

    def fallback(self) -> str:
        """The whole text, where no piece of it came."""
        if self.spoken or not self._whole:
            return ""
        self.spoken = True
        return self._whole

    @property
    def element(self) -> dict[str, Any] | None:
        """The rich element that has come."""
        return {"type": self._ui_type, "data": self._ui} if self._ui else None

    def close(self, seen: bytes) -> None:
        """The answer is over, and begins with `seen`. Raises ReplyError where it went wrong."""
        said = excerpt(seen, CAUSE) or "it is empty"
        if not self._matched:
            raise PlatformRejected(f"no rule of the description takes anything of it: {said}")
        marked = bool(self._ends) or self.answer.done is not UNSET
        if self.whole and self.answer.framing != "json":
            marked = False  # instead of a stream that was asked for: it needs none
        if marked and not (self.ended if self._ends else self.done):
            mark = "answer.end" if self._ends else "answer.done"
            raise PlatformUnavailable(
                f"the answer ended without its end mark ({mark}): it may be cut off"
            )
        if not (self.spoken or self._ui):
            raise PlatformRejected(f"no rule of the description finds a text in it: {said}")


def _items(rule: UIRule, event: Event) -> Iterator[Any]:
    """The objects that a rule leads to, or a list of them does."""
    for found in Path(rule.items).values(event.value):
        yield from found if isinstance(found, list) else [found]
