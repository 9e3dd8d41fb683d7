"""What `make fuzz` runs for minutes, here for a moment: its targets hold, and can still be run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, seeds

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_known(name: str) -> None:
    for seed in seeds():
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=50)
@given(data=st.binary(max_size=2000))
def test_anything(name: str, data: bytes) -> None:
    TARGETS[name](data)
