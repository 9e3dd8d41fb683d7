"""What solved challenges allow."""

from __future__ import annotations

from django.db import models


class Allowance(models.Model):
    """So many more messages, for who has solved a challenge; there is one for each, once."""

    solution = models.CharField(primary_key=True, max_length=64)  # its digest
    who = models.CharField(max_length=64)  # a visitor at an address, by a keyed digest
    left = models.PositiveIntegerField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["who", "expires_at"], name="cw_allowance_who")]

    def __str__(self) -> str:
        return self.solution
