"""OpenTelemetry spans of a message's trip, where the extra `otel` is installed.

    accept ┬ queue    until its turn
           └ reply    with an event "first words"
                └ request    one for each attempt

Without the extra nothing is imported or done; without an SDK nothing is recorded. Spans hold ids,
names, codes and numbers. What was said, keys, addresses' paths and the words of exceptions, which
may quote them, stay out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from chatwidget import __version__
from chatwidget.telemetry.request_id import request_id

try:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError:
    trace = None  # type: ignore[assignment]
else:
    _tracer = trace.get_tracer("chatwidget", __version__)

# Accepted messages whose replies have not begun here, and may begin in another process.
MOST_CARRIED = 10_000
_carried: OrderedDict[UUID, Any] = OrderedDict()


def _is_on() -> bool:
    """Is there an SDK? What records nothing without one still costs a tenth of a message."""
    return trace is not None and not isinstance(
        trace.get_tracer_provider(), trace.ProxyTracerProvider
    )


@contextmanager
def span(
    name: str, kind: str = "INTERNAL", *, within: Any = None, since: datetime | None = None
) -> Iterator[None]:
    """Inside, a span of this name is the current one; `within` a context other than that."""
    if not _is_on():
        yield
        return
    began = _tracer.start_span(
        f"chatwidget.{name}",
        context=within,
        kind=trace.SpanKind[kind],
        start_time=int(since.timestamp() * 1e9) if since else None,
    )
    # Not an exception's words, nor what stands in its frames.
    quietly = {"record_exception": False, "set_status_on_exception": False}
    with trace.use_span(began, end_on_exit=True, **quietly):
        if current := request_id.get():
            note(request_id=current)
        try:
            yield
        except Exception as error:
            failed(type(error).__name__)
            raise


def note(standard: Mapping[str, str | int] | None = None, /, **ours: Any) -> None:
    """Add attributes to the current span: OpenTelemetry's by their names, and ours."""
    if _is_on():
        named = {f"chatwidget.{name}": value for name, value in ours.items()}
        trace.get_current_span().set_attributes({**(standard or {}), **named})


def event(name: str) -> None:
    """Something happens within the current span."""
    if _is_on():
        trace.get_current_span().add_event(name)


def failed(code: str) -> None:
    """The current span's work fails, for a reason of this name."""
    if _is_on():
        trace.get_current_span().set_status(trace.StatusCode.ERROR, code)


def apart() -> Any:
    """The context of a trace that begins."""
    return Context() if _is_on() else None


def carry(reply: UUID) -> None:
    """A reply, whenever it begins here, is within the span that is the current one now."""
    if _is_on() and (current := trace.get_current_span()).is_recording():
        _carried[reply] = current.get_span_context()
        while len(_carried) > MOST_CARRIED:
            _carried.popitem(last=False)


def carried(reply: UUID) -> Any:
    """The context for what is done for a reply; of its message, where that was accepted here."""
    if not _is_on():
        return None
    parent = _carried.pop(reply, None)
    return (
        trace.set_span_in_context(trace.NonRecordingSpan(parent), Context())
        if parent
        else Context()
    )


def headers() -> dict[str, str]:
    """What a platform is given, so that its log and ours can be laid side by side."""
    found = {"X-Request-ID": current} if (current := request_id.get()) else {}
    if _is_on() and trace.get_current_span().is_recording():
        TraceContextTextMapPropagator().inject(found)
    return found
