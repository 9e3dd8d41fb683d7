"""What solved challenges allow, kept where every process sees it."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from chatwidget.models import Allowance


def give_allowance(solution: str, who: str, messages: int, lasts: timedelta) -> bool:
    """So many messages for a solution; False where it has been used before.

    It is remembered for longer than its challenge is good for.
    """
    now = timezone.now()
    Allowance.objects.filter(expires_at__lt=now).delete()
    try:
        with transaction.atomic():
            Allowance.objects.create(
                solution=solution, who=who, left=messages, expires_at=now + lasts
            )
    except IntegrityError:
        return False
    return True


def use_allowance(who: str) -> bool:
    """Use up one message; False where there is none left."""
    mine = Allowance.objects.filter(who=who, left__gt=0, expires_at__gt=timezone.now())
    while found := mine.order_by("expires_at").values_list("pk", flat=True).first():
        # Another process may have taken the last one meanwhile.
        if mine.filter(pk=found).update(left=F("left") - 1):
            return True
    return False
