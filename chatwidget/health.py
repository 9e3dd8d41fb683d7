"""The health check: does what the chat needs answer?"""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chatwidget.db import db_timeout, missing_migrations, run_in_db_thread
from chatwidget.errors import DatabaseUnavailable

logger = logging.getLogger("chatwidget")


@login_not_required
@require_safe
@never_cache
async def health(request: HttpRequest) -> HttpResponse:
    """200 while what the chat needs answers, else 503; what is away is named."""
    checks = await _database()
    if getattr(settings, "CHANNEL_LAYERS", None):
        checks["redis"] = await _cache_answers()
    ok = all(checks.values())
    body = {"status": "ok" if ok else "unavailable"}
    body |= {name: "ok" if answers else "unavailable" for name, answers in checks.items()}
    return JsonResponse(body, status=200 if ok else 503)


async def _database() -> dict[str, bool]:
    """Whether it answers, and has the tables that this version needs."""
    try:
        async with db_timeout():
            missing = await run_in_db_thread(missing_migrations)
    except DatabaseUnavailable as error:
        logger.error("health: database: %s", error.cause)
        return {"database": False}
    if missing:
        logger.error("health: migrations are missing: %s; run migrate", ", ".join(missing))
    return {"database": True, "migrations": not missing}


async def _cache_answers() -> bool:
    try:
        await cache.aset("chatwidget.health", 1, 10)
        return bool(await cache.aget("chatwidget.health"))
    except Exception as error:  # whatever the cache's driver raises
        logger.error("health: redis: %s: %s", type(error).__name__, error)
        return False
