"""Every test of the admin has the groups that migrations make."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _roles(roles: None) -> None:
    pass
