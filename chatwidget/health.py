"""The health check: does what the chat needs answer?"""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chatwidget.db import db_timeout, run_in_db_thread
from chatwidget.errors import DatabaseUnavailable

logger = logging.getLogger("chatwidget")


@require_safe
@never_cache
async def health(request: HttpRequest) -> HttpResponse:
    """200 while what the chat needs answers, else 503; what is away is named."""
    checks = {"database": await _database_answers()}
    if getattr(settings, "CHANNEL_LAYERS", None):
        checks["redis"] = await _cache_answers()
    ok = all(checks.values())
    body = {"status": "ok" if ok else "unavailable"}
    body |= {name: "ok" if answers else "unavailable" for name, answers in checks.items()}
    return JsonResponse(body, status=200 if ok else 503)


async def _database_answers() -> bool:
    try:
        async with db_timeout():
            await run_in_db_thread(_ask_database)
    except DatabaseUnavailable as error:
        logger.error("health: database: %s", error.cause)
        return False
    return True


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


async def _cache_answers() -> bool:
    try:
        await cache.aset("chatwidget.health", 1, 10)
        return bool(await cache.aget("chatwidget.health"))
    except Exception as error:  # whatever the cache's driver raises
        logger.error("health: redis: %s: %s", type(error).__name__, error)
        return False
