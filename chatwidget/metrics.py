"""`/metrics` for Prometheus: this process's counters, and how it stands at this moment.

    path("metrics", metrics)

There is none unless `METRICS_TOKEN` or `METRICS_ADDRESSES` says who may read it.
"""

from __future__ import annotations

import hmac
import ipaddress
import math

from django.contrib.auth.decorators import login_not_required
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chatwidget.conf import conf
from chatwidget.db import db_timeout, run_in_db_thread
from chatwidget.errors import DatabaseUnavailable
from chatwidget.models import Notice, Status, Widget
from chatwidget.relay.lifecycle import relay
from chatwidget.sockets.origin import client_address, header
from chatwidget.telemetry import meters
from chatwidget.transcripts.budgets import used_today
from chatwidget.transcripts.locking import unfinished_replies

# Each has a few series: a site of thousands of widgets must not flood who scrapes it.
MOST_WIDGETS = 50


@login_not_required
@require_safe
@never_cache
async def metrics(request: HttpRequest) -> HttpResponse:
    if not isinstance(request, ASGIRequest) or not _may_read(request):
        raise Http404
    _look_at_relay()
    await _look_at_database()
    return HttpResponse(generate_latest(meters.registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: ASGIRequest) -> bool:
    token, allowed = conf().METRICS_TOKEN, conf().metrics_addresses
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    if header(request.scope, b"x-forwarded-for") and not conf().trusted_proxies:
        return False  # its address is the proxy's, and so is everybody's
    try:
        address = ipaddress.ip_network(client_address(request.scope))
    except ValueError:  # a unix socket has none
        return False
    return any(
        address.version == network.version and address.overlaps(network) for network in allowed
    )


def _look_at_relay() -> None:
    ours = relay()
    meters.sockets.set(sum(len(room.members) for room in ours.hub.by_id.values()))
    meters.rooms.set(len(ours.hub.by_id))
    meters.running.set(len(ours.running))
    meters.draining.set(ours.draining)


async def _look_at_database() -> None:
    try:
        async with db_timeout():
            queued, notices, budgets = await run_in_db_thread(_read)
    except DatabaseUnavailable:
        meters.database_up.set(0)
        meters.queue.set(math.nan)
        meters.notices.set(math.nan)
        return
    meters.database_up.set(1)
    meters.queue.set(queued)
    meters.notices.set(notices)
    meters.budget_used.clear()
    for (widget, budget), ratio in budgets.items():
        meters.budget_used.labels(widget, budget).set(ratio)


def _read() -> tuple[int, int, dict[tuple[str, str], float]]:
    """How many replies and notices wait, and how much of each budget is used up."""
    ratios = {}
    with_budgets = Widget.objects.exclude(budgets={}).filter(active=True).order_by("pk")
    for widget in with_budgets[:MOST_WIDGETS]:
        used = used_today(widget)
        for budget, amount in used.items():
            if limit := getattr(widget.typed_budgets, budget):
                ratios[widget.slug, budget] = amount / limit
    queued = unfinished_replies().filter(status=Status.PENDING).count()
    return queued, Notice.objects.filter(due_at__isnull=False).count(), ratios
