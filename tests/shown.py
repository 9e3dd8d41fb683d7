"""What a client shows, put together from the frames it has received, as the widget does it."""

from __future__ import annotations

from typing import Any

Frame = dict[str, Any]
# What a message is compared by; a retry gives it a new `created_at`.
FIELDS = (
    "id",
    "seq",
    "role",
    "text",
    "status",
    "attempt",
    "rating",
    "ui",
    "error",
    "author",
    "event",
)


class Shown:
    """A client's state. Fails on any frame that would lose text, repeat it, or come too early."""

    def __init__(self) -> None:
        self.messages: dict[str, Frame] = {}
        self.conversation: str | None = None

    def apply(self, frame: Frame) -> None:
        match frame["type"]:
            case "ready":
                self.conversation = frame["conversation"]
                self.messages = {each["id"]: dict(each) for each in frame["messages"]}
            case "history":
                self.messages |= {each["id"]: dict(each) for each in frame["messages"]}
            case "accepted":
                self.conversation = frame["conversation"]
                self.messages[frame["message"]["id"]] = dict(frame["message"])
            case "message":
                self.messages[frame["message"]["id"]] = dict(frame["message"])
            case "delta":
                message = self.messages[frame["id"]]
                assert message["status"] == "streaming", (frame, message)
                assert frame["offset"] == len(message["text"]), (frame, message)
                assert frame["text"], frame
                message["text"] += frame["text"]
            case "done":
                message = self.messages[frame["id"]]
                assert frame["length"] == len(message["text"]), (frame, message)
                message["status"] = frame["status"]
                for name in ("ui", "error"):
                    message.pop(name, None)
                    if name in frame:
                        message[name] = frame[name]

    @property
    def texts(self) -> dict[str, str]:
        """The texts of the messages, by their ids."""
        return {name: message["text"] for name, message in self.messages.items()}

    @property
    def transcript(self) -> list[Frame]:
        """The messages by their place, as they are compared."""
        messages = sorted(self.messages.values(), key=lambda message: int(message["seq"]))
        return [{name: message.get(name) for name in FIELDS} for message in messages]
