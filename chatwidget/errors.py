"""Everything that can go wrong with a chat, as one tree.

    ChatError
    ├── CloseConnection              the socket is closed, with a code of the protocol
    ├── FrameError                   one frame is answered by an `error`; the socket lives
    │   ├── BadFrame                 bad_frame
    │   ├── BadRequest               bad_request
    │   ├── MessageEmpty             message_empty
    │   ├── MessageTooLong           message_too_long
    │   ├── MessageRefused           message_refused
    │   ├── RateLimited              rate_limited
    │   ├── ChallengeFailed          challenge_failed
    │   ├── TooManyPending           too_many_pending
    │   ├── BudgetExhausted          budget_exhausted
    │   │   └── TooManyRunning       budget_exhausted
    │   └── DatabaseUnavailable      unavailable
    └── ReplyError                   a reply ends in `done` with status failed (or interrupted)
        ├── PlatformMisconfigured    misconfigured
        ├── PlatformRejected         provider_rejected
        │   └── ConversationTooLong  provider_rejected, conversation_too_long
        ├── PlatformRateLimited      provider_rate_limited
        ├── PlatformUnavailable      provider_unavailable
        ├── PlatformTimedOut         provider_timeout
        └── Interrupted              interrupted

`detail` is for the visitor: it is chosen here and never holds what a platform said. `cause` is for
the owner: it is kept in the transcript and in the log, with keys scrubbed, and sent to nobody.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class CloseCode(IntEnum):
    """Why the server closed a socket; see docs/protocol.md."""

    PROTOCOL = 4400
    UNAUTHORIZED = 4401
    ORIGIN = 4403
    NO_WIDGET = 4404
    NO_HELLO = 4408
    FLOW_CONTROL_TIMEOUT = 4410
    MESSAGE_TOO_BIG = 4413
    TOO_MANY = 4429
    RESTARTING = 4503


class ChatError(Exception):
    """Any failure of ours; `str()` of it is the cause, for logs and owners."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    detail: str | Promise = ""

    def __init__(
        self, cause: str = "", *, detail: str | Promise = "", retry_after: float | None = None
    ) -> None:
        super().__init__(cause or str(self.detail))
        self.cause = cause
        self.retry_after = retry_after
        if detail:
            self.detail = detail


class CloseConnection(ChatError):
    """The socket cannot go on; it is closed with `close_code`."""

    def __init__(self, close_code: CloseCode, cause: str = "") -> None:
        super().__init__(cause or close_code.name)
        self.close_code = close_code


class FrameError(ChatError):
    """A frame that cannot be honoured; nothing of it has been stored."""


class BadFrame(FrameError):
    """Not a frame of the protocol: not JSON, binary, an unknown type, or wrong fields."""

    code = "bad_frame"
    detail = _("This message could not be understood.")


class BadRequest(FrameError):
    """A well-formed frame that asks for what cannot be done."""

    code = "bad_request"
    detail = _("That is not possible right now.")


class MessageEmpty(FrameError):
    """The text is empty, or white space only."""

    code = "message_empty"
    detail = _("Please type a message first.")


class MessageTooLong(FrameError):
    """The text is longer than `limits.max_length` of `ready`."""

    code = "message_too_long"
    detail = _("This message is too long. Please shorten it.")


class MessageRefused(FrameError):
    """The site's own hook takes no such message: `MessageRefused(detail="…")` says why."""

    code = "message_refused"
    detail = _("This message cannot be sent.")


class RateLimited(FrameError):
    """This visitor or address has used up its share; `retry_after` seconds are left."""

    code = "rate_limited"
    retryable = True
    detail = _("You are sending messages very quickly. Please wait a moment.")
    challenge: dict[str, Any] | None = None  # what can be solved, so that it need not be waited


class ChallengeFailed(FrameError):
    """What was brought solves no challenge of this visitor's, or has been used before."""

    code = "challenge_failed"
    detail = _("This could not be checked. Please wait a moment.")


class TooManyPending(FrameError):
    """As many messages as may wait are waiting for their answer."""

    code = "too_many_pending"
    retryable = True
    detail = _("Please wait for the answers to your earlier messages.")


class BudgetExhausted(FrameError):
    """The widget has used up what it may in a day; `retry_after` seconds are left of that."""

    code = "budget_exhausted"
    detail = _("No more messages can be answered right now. Please try again later.")


class TooManyRunning(BudgetExhausted):
    """As many of the widget's replies run as may at once."""

    retryable = True


class DatabaseUnavailable(FrameError):
    """The database did not answer. What it was asked is not known to be done: ask again."""

    code = "unavailable"
    retryable = True
    detail = _("The chat is not available right now. Please try again in a moment.")


class ReplyError(ChatError):
    """A reply could not be had, or not to its end; what had come of it is kept.

    `reason` is a finer name than `code`, where a visitor reads other words for it. `about` is the
    part of the configuration that is wrong, where that is known: "key", "access",
    "agent" or "address".
    """

    reason: ClassVar[str] = ""

    def __init__(
        self,
        cause: str = "",
        *,
        detail: str | Promise = "",
        retry_after: float | None = None,
        about: str = "",
    ) -> None:
        super().__init__(cause, detail=detail, retry_after=retry_after)
        self.about = about

    @property
    def name(self) -> str:
        """What it is stored as: a key of REPLY_ERRORS."""
        return self.reason or self.code


class PlatformMisconfigured(ReplyError):
    """The platform refuses our configuration: 401, 403, 404, a redirect, a missing key."""

    code = "misconfigured"
    detail = _("The assistant is not set up correctly. Please contact the site's owner.")


class PlatformRejected(ReplyError):
    """The platform refused the message, or answered what its document does not describe."""

    code = "provider_rejected"
    retryable = True
    detail = _("The assistant could not answer this message.")


class ConversationTooLong(PlatformRejected):
    """The agent cannot take in a conversation of this length, not even its newest half."""

    reason = "conversation_too_long"
    retryable = False
    detail = _("This conversation has become too long. Please begin a new one.")


class PlatformRateLimited(ReplyError):
    """The platform asks for a pause of `retry_after` seconds (429)."""

    code = "provider_rate_limited"
    retryable = True
    detail = _("The assistant is very busy. Please try again in a moment.")


class PlatformUnavailable(ReplyError):
    """The platform is down or cannot be reached: 5xx and connection faults."""

    code = "provider_unavailable"
    retryable = True
    detail = _("The assistant cannot be reached right now. Please try again.")


class PlatformTimedOut(ReplyError):
    """The platform did not answer in time."""

    code = "provider_timeout"
    retryable = True
    detail = _("The assistant took too long to answer. Please try again.")


class Interrupted(ReplyError):
    """The process that relayed the reply ended before the reply did."""

    code = "interrupted"
    retryable = True
    detail = _("The answer was interrupted. Please try again.")


REPLY_ERRORS: dict[str, type[ReplyError]] = {
    error.reason or error.code: error
    for error in (
        PlatformMisconfigured,
        PlatformRejected,
        ConversationTooLong,
        PlatformRateLimited,
        PlatformUnavailable,
        PlatformTimedOut,
        Interrupted,
    )
}
