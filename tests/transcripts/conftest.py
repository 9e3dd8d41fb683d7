"""A conversation to write to."""

from __future__ import annotations

import pytest

from tests.stored import a_widget
from tests.transcripts.talks import Talk


@pytest.fixture
def talk(db: None) -> Talk:
    return Talk(a_widget(agent="a1"))
